import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type TestApi, userToken } from './api.fixture.ts';
import { ROUTES } from './routes.fixture.ts';

type Example = { readonly command: string; readonly status: number; readonly answer: unknown };

const page = await readFile(new URL('../../../docs/http-api.md', import.meta.url), 'utf8');

let api: TestApi;
let variables: Readonly<Record<string, string>>;

beforeAll(async () => {
  api = await startApi();
  variables = { BELFRY: api.url, KEY: await api.apiKey('default'), TOKEN: userToken('alice') };
});
afterAll(() => api.stop());

/** A command is followed by what it answers: the status, and members that the body has. */
function examples(): Example[] {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block.replaceAll('\\\n', ' '));
  return blocks
    .flatMap((block) => [...block.matchAll(/^(curl .*)\n# (\d{3})(?: (.*))?$/gm)])
    .map(([, command = '', status, answer]) => ({
      command,
      status: Number(status),
      answer: answer === undefined ? undefined : JSON.parse(answer),
    }));
}

/** The few words of curl that the page uses. */
async function run(command: string): Promise<{ readonly status: number; readonly text: string }> {
  const words = [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) =>
      single ?? (double ?? bare ?? '').replace(/\$(\w+)/g, (_, name) => variables[name] ?? ''),
  );
  const headers: Record<string, string> = {};
  let url = '';
  let method: string | undefined;
  let body: string | undefined;
  for (let index = 1; index < words.length; index++) {
    const word = words[index] ?? '';
    if (word === '-s') continue;
    if (!word.startsWith('-')) {
      url = word;
      continue;
    }
    const value = words[++index] ?? '';
    if (word === '-X') method = value;
    else if (word === '-d') body = value;
    else if (word === '-H') headers[value.slice(0, value.indexOf(':'))] = value.slice(value.indexOf(':') + 1).trim();
    else throw new Error(`the test does not know ${word}`);
  }
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, text: await response.text() };
}

/** The same value with `…` standing for any text, and the id that Belfry made for any id. */
function pattern(value: unknown): unknown {
  if (typeof value === 'string' && (value.includes('…') || /^[\da-f-]{36}$/.test(value))) return expect.any(String);
  if (Array.isArray(value)) return value.map(pattern);
  if (typeof value !== 'object' || value === null) return value;
  return expect.objectContaining(
    Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, pattern(inner)])),
  );
}

describe('docs/http-api.md', () => {
  it('names every route with its scope, and whether a user token will do', () => {
    const rows = [...page.matchAll(/^\| `([A-Z]+ \/\S+)` \| (\S+) \| (user )?\|$/gm)];
    const listed = rows.map(([, route, scope, user]) => [route, scope?.replaceAll('`', ''), user !== undefined]);
    const expected = ROUTES.map(({ method, template, scope, user }) => [
      `${method} ${template}`,
      scope ?? 'none',
      user !== undefined,
    ]);
    expect(listed.toSorted()).toEqual(expected.toSorted());
  });

  it('has examples that answer as it says', async () => {
    const all = examples();
    expect(all.length).toBe(page.match(/^curl /gm)?.length);
    for (const { command, status, answer } of all) {
      const actual = await run(command);
      expect(actual.status, `${command}\n${actual.text}`).toBe(status);
      if (answer !== undefined) expect(JSON.parse(actual.text), command).toEqual(pattern(answer));
    }
  });
});
