import { parse } from 'node:querystring';

/** The query of a URL by name; a name that comes several times has a list. An empty value counts as absent: forms and URL builders write what was left blank as `limit=`. */
export function parseQuery(text: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parse(text)).filter(([, value]) => value !== ''));
}
