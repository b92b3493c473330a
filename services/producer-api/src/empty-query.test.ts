import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApi, type TestApi } from './api.fixture.ts';
import { createPipeline } from './pipeline.fixture.ts';
import { ROUTES } from './routes.fixture.ts';

/** Routes with query parameters: the lists. `/openapi.json` says which they are, and that none is missing here. */
const LISTS = [
  '/v1/notifications/{id}',
  '/v1/users/{user}/inbox',
  '/v1/topics/{topic}/subscribers',
  '/v1/dead-letters',
  '/v1/unreadable-jobs',
];

let api: TestApi;
let key: string;
const parametersOf = new Map<string, readonly string[]>();

beforeAll(async () => {
  api = await startApi();
  key = await api.apiKey('acme');
  await createPipeline(api.store).route('acme', 'alice', { id: 'id-1' });
  type Operation = { readonly parameters?: readonly { readonly name: string; readonly in: string }[] };
  const { paths }: { paths: Record<string, { readonly get?: Operation }> } = (await api.call('GET', '/openapi.json'))
    .json;
  for (const [template, { get }] of Object.entries(paths)) {
    const names = get?.parameters?.flatMap((parameter) => (parameter.in === 'query' ? [parameter.name] : [])) ?? [];
    if (names.length > 0) parametersOf.set(template, names);
  }
});
afterAll(() => api.stop());

it('knows every list', () => {
  expect([...parametersOf.keys()].toSorted()).toEqual(LISTS.toSorted());
});

it.each(LISTS)('GET %s takes an empty query parameter for an absent one', async (template) => {
  const { path = '' } = ROUTES.find((route) => route.method === 'GET' && route.template === template) ?? {};
  const names = parametersOf.get(template) ?? [];
  expect(names).toEqual(expect.arrayContaining(['cursor', 'limit']));
  const plain = await api.call('GET', path, { as: key });
  expect(plain.status).toBe(200);
  for (const query of [...names.map((name) => `${name}=`), names.map((name) => `${name}=`).join('&'), names[0]]) {
    expect(await api.call('GET', `${path}?${query}`, { as: key })).toMatchObject({ status: 200, json: plain.json });
  }
});
