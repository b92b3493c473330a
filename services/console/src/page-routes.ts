import type { HttpApp } from '@belfry/runtime';
import type { RequestGuard } from './request-guard.ts';
import { type Session, sessionCookieName } from './session.ts';
import type { WebAssets } from './web-assets.ts';

export type PageRouteDeps = { readonly assets: WebAssets; readonly session: Session; readonly guard: RequestGuard };

const HEADERS = {
  // Asked for again each time, answered 304 while nothing has changed.
  'cache-control': 'no-cache',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** One route for each thing that there is to serve; `/` begins a session. */
export function addPageRoutes(http: HttpApp, { assets, session, guard }: PageRouteDeps): void {
  for (const [path, asset] of assets) {
    http.get(path, { onRequest: guard.host, schema: { hide: true } }, async (request, reply) => {
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
