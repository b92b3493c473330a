import { type HttpApp, ProblemError } from '@belfry/runtime';
import type { RequestGuard } from './request-guard.ts';
import { type Session, sessionCookieName } from './session.ts';
import { loadWebAssets, type WebAssets } from './web-assets.ts';

export type PageRouteDeps = { readonly session: Session; readonly guard: RequestGuard };

const HEADERS = {
  // Asked for again each time, answered 304 while nothing has changed.
  'cache-control': 'no-cache',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** What there is to serve; `/` begins a session. Whoever asks first waits for it to be read, not the start of the process. */
export function addPageRoutes(http: HttpApp, { session, guard }: PageRouteDeps): void {
  let assets: WebAssets | undefined;
  for (const url of ['/', '/console/*']) {
    http.get(url, { onRequest: guard.host, schema: { hide: true } }, async (request, reply) => {
      assets ??= loadWebAssets();
      const [path = ''] = request.url.split('?', 1);
      const asset = assets.get(path);
      if (asset === undefined) throw new ProblemError('not_found', { detail: 'The console has no such file.' });
      reply.headers({ ...HEADERS, ...asset.headers, etag: asset.etag });
      if (path === '/') {
        reply.setCookie(sessionCookieName(request.headers.host ?? ''), session.issue(), {
          path: '/console',
          httpOnly: true,
          sameSite: 'strict',
          secure: request.protocol === 'https',
          maxAge: session.maxAgeSeconds,
        });
      }
      if (request.headers['if-none-match'] === asset.etag) return reply.code(304).send();
      return reply.type(asset.contentType).send(asset.body);
    });
  }
}
