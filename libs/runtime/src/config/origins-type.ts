import { type ConfigType, list } from './config-type.ts';

/**
 * Origins of pages, separated by commas, in the spelling in which browsers send them (RFC 6454 §6.1): what is unambiguous is brought into it, since an entry in
 * another one would match nothing. `pages: 'any'` takes `*` for all, too, and the origins of apps in a shell of their own, such as `capacitor://localhost`.
 */
export function origins({ pages }: { readonly pages: 'any' | 'web' }): ConfigType<readonly string[]> {
  const { parse, format } = list();
  const any = pages === 'any' ? ', or * for every page' : '';
  return {
    expects: `origins separated by commas, such as https://app.example${any}; or none`,
    parse(text) {
      const parsed = parse(text);
      if (!parsed.ok) return parsed;
      const entries = parsed.value.map((entry) => (pages === 'any' && entry === '*' ? entry : toOrigin(entry, pages)));
      return entries.every((entry) => entry !== undefined) ? { ok: true, value: entries } : { ok: false };
    },
    format,
  };
}

/** `scheme://host` or `scheme://host:port`, and nothing behind it but a slash; undefined for anything else. */
function toOrigin(entry: string, pages: 'any' | 'web'): string | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*]+\/?$/i.test(entry)) return undefined;
  const url = URL.parse(entry);
  if (url === null) return undefined;
  // Only schemes of the web have an origin in the eyes of URL.
  if (url.protocol === 'https:' || url.protocol === 'http:') return url.origin;
  return pages === 'any' ? `${url.protocol}//${url.host}` : undefined;
}
