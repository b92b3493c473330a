import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readModuleGraph } from './module-graph.ts';
import { stripTypes } from './strip-types.ts';

export type WebAsset = {
  readonly body: string;
  readonly contentType: string;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
};

/** By the path that a browser asks for. What is not in here is not served: no path of a request ever becomes one of a file. */
export type WebAssets = ReadonlyMap<string, WebAsset>;

const WEB = new URL('../web/', import.meta.url);
const JAVASCRIPT = 'text/javascript; charset=utf-8';
const STYLES = ['base.css', 'forms.css', 'lists.css', 'watch.css', 'layout.css'] as const;
const IMPORT_MAP = '<!-- import map -->';

/** Reads everything once; TypeScript is served as the JavaScript that is in it. Throws when the page imports what it may not. */
export function loadWebAssets(): WebAssets {
  const assets = new Map<string, WebAsset>();
  const add = (path: string, contentType: string, body: string, headers: Record<string, string> = {}): void => {
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    assets.set(path, { body, contentType, etag, headers });
  };
  const web = (name: string): string => readFileSync(new URL(name, WEB), 'utf8');
  const folderOf = (specifier: string): string => new URL('./', import.meta.resolve(specifier)).href;

  const { modules, imports } = readModuleGraph({
    entry: new URL('main.ts', WEB).href,
    folders: [
      { folder: WEB.href, path: '/console/' },
      { folder: folderOf('@belfry/client'), path: '/console/modules/client/' },
      { folder: folderOf('@belfry/protocol/close-codes'), path: '/console/modules/protocol/' },
    ],
    resolve: import.meta.resolve,
  });
  for (const { url, source } of modules) add(url, JAVASCRIPT, source);

  const worker = readFileSync(new URL(import.meta.resolve('@belfry/client/service-worker')), 'utf8');
  add('/console/service-worker.js', JAVASCRIPT, stripTypes(worker), { 'service-worker-allowed': '/' });
  for (const name of STYLES) add(`/console/${name}`, 'text/css; charset=utf-8', web(name));
  add('/console/icon.svg', 'image/svg+xml', web('icon.svg'));

  // An import map has to be in the page itself; its hash is what lets it past the policy.
  const importMap = JSON.stringify({ imports });
  const page = web('index.html').replace(IMPORT_MAP, () => `<script type="importmap">${importMap}</script>`);
  const hash = createHash('sha256').update(importMap).digest('base64');
  add('/', 'text/html; charset=utf-8', page, { 'content-security-policy': contentSecurityPolicy(hash) });
  return assets;
}

function contentSecurityPolicy(importMapHash: string): string {
  return [
    "default-src 'self'",
    `script-src 'self' 'sha256-${importMapHash}'`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
