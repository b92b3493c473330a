import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type TestApi } from './api.fixture.ts';
import { ROUTES } from './routes.fixture.ts';

type Json = { readonly [member: string]: unknown };
type Operation = {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly Json[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly requestBody?: { readonly content: Json };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Json }>>;
};

let api: TestApi;
let document: {
  readonly openapi: string;
  readonly info: Json;
  readonly paths: Record<string, Record<string, Operation>>;
};

beforeAll(async () => {
  api = await startApi();
  document = (await api.call('GET', '/openapi.json')).json;
});
afterAll(() => api.stop());

function operations(): [string, string, Operation][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, Operation] => [path, method, operation]),
  );
}

/** Every JSON value inside, with its place. */
function* values(value: unknown, place = '#'): Generator<[string, unknown]> {
  yield [place, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) yield* values(inner, `${place}/${name.replaceAll('/', '~1')}`);
}

describe('/openapi.json', () => {
  it('is OpenAPI 3.1 and lists every route', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    const listed = operations().map(([path, method]) => `${method.toUpperCase()} ${path}`);
    expect(listed.toSorted()).toEqual(ROUTES.map(({ method, template }) => `${method} ${template}`).toSorted());
  });

  it('describes each operation', () => {
    const ids = operations().map(([, , operation]) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [path, method, operation] of operations()) {
      expect(operation.summary, `${method} ${path}`).toMatch(/^\S/);
      expect(operation.tags).toHaveLength(1);
      const statuses = Object.keys(operation.responses);
      expect(statuses.some((status) => status.startsWith('2'))).toBe(true);
      for (const { description } of Object.values(operation.responses)) {
        expect(description, `${method} ${path}`).not.toBe('Default Response');
      }
      for (const status of statuses.filter((text) => Number(text) >= 400)) {
        expect(operation.responses[status]?.content).toHaveProperty(['application/problem+json', 'schema']);
      }
      const written = ['post', 'put'].includes(method);
      expect(operation.requestBody !== undefined, `${method} ${path}`).toBe(written);
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const parameters = operation.parameters?.filter((parameter) => parameter.in === 'path') ?? [];
      expect(parameters.map(({ name }) => name).toSorted()).toEqual(named.toSorted());
      expect(parameters.every(({ required }) => required)).toBe(true);
    }
  });

  it('says which credentials each route takes', () => {
    for (const route of ROUTES) {
      const operation = document.paths[route.template]?.[route.method.toLowerCase()];
      const schemes = operation?.security.flatMap((requirement) => Object.keys(requirement));
      const expected = [
        ...(route.scope === undefined ? [] : ['apiKey']),
        ...(route.user === undefined ? [] : ['userToken']),
      ];
      expect(schemes, route.template).toEqual(expected);
    }
    const known = [...values(document)].find(([place]) => place === '#/components/securitySchemes')?.[1];
    expect(Object.keys(known as Json).toSorted()).toEqual(['apiKey', 'userToken']);
  });

  it('takes a batch as JSON and as NDJSON', () => {
    const content = document.paths['/v1/notifications/batch']?.post?.requestBody?.content ?? {};
    expect(Object.keys(content)).toEqual(['application/json', 'application/x-ndjson']);
  });

  it('has no reference that leads nowhere, and only types that JSON Schema has', () => {
    const places = new Set([...values(document)].map(([place]) => place));
    const types = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']);
    for (const [place, value] of values(document)) {
      if (place.endsWith('/$ref')) expect(places, place).toContain(value);
      // `type` is also a property of notifications, which then has a schema and not a text.
      if (place.endsWith('/type') && typeof value === 'string' && !place.includes('securitySchemes')) {
        expect(types, place).toContain(value);
      }
    }
  });

  it('is readable at /docs', async () => {
    const page = await api.call('GET', '/docs/');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
  });
});
