import type { IdempotencyClaim, IdempotencyStore, StoredResponse } from '@belfry/core/store/idempotency';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createLogger } from '../logger.ts';
import { createMetrics } from '../metrics.ts';
import { createSystemClock } from '../system-clock.ts';
import { createHttpHost, type HttpHost } from './http-host.ts';
import { addIdempotency } from './idempotency.ts';
import { ProblemError } from './problem.ts';

type Row = IdempotencyClaim & { response?: StoredResponse; stale?: boolean };

/** The port in memory; `expire` makes a running claim look like that of a dead process. */
function createMemoryStore() {
  const rows = new Map<string, Row>();
  const store: IdempotencyStore = {
    async claimIdempotencyKey(claim) {
      const id = `${claim.tenant} ${claim.key}`;
      const row = rows.get(id);
      if (row === undefined) {
        rows.set(id, claim);
        return { kind: 'claimed', seed: claim.seed, takenOver: false };
      }
      if (row.bodyHash !== claim.bodyHash) return { kind: 'mismatch' };
      if (row.response !== undefined) return { kind: 'replay', response: row.response };
      if (row.stale !== true) return { kind: 'running', retryAfterMs: 9_500 };
      rows.set(id, { ...row, stale: false });
      return { kind: 'claimed', seed: row.seed, takenOver: true };
    },
    async completeIdempotencyKey(tenant, key, response) {
      const row = rows.get(`${tenant} ${key}`);
      if (row !== undefined) row.response = response;
    },
    async releaseIdempotencyKey(tenant, key) {
      rows.delete(`${tenant} ${key}`);
    },
  };
  const expire = () => {
    for (const [id, row] of rows) rows.set(id, { ...row, stale: true });
  };
  return { store, rows, expire };
}

let memory: ReturnType<typeof createMemoryStore>;
let host: HttpHost;
let seeds: string[];
let act: () => unknown;

beforeEach(async () => {
  memory = createMemoryStore();
  seeds = [];
  act = () => ({ id: seeds.at(-1), count: seeds.length });
  host = await createHttpHost({
    host: '127.0.0.1',
    port: 0,
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics({ processMetrics: false }),
    clock: createSystemClock(),
    allowedOrigins: [],
    title: 'Test',
    version: '1',
    bodyLimitBytes: 1_024,
  });
  const { app } = host;
  app.addHook('onRequest', async (request) => {
    const tenant = String(request.headers['x-tenant'] ?? 'acme');
    request.principal = { kind: 'api-key', tenant, keyId: 'k', scopes: ['admin'] };
  });
  addIdempotency(app, { store: memory.store, clock: createFakeClock(), random: createSeededRandom(1) });
  const body = z.object({ title: z.string().max(5), lane: z.string().default('bulk') });
  for (const path of ['/things', '/others']) {
    app.post(path, { schema: { body } }, (request, reply) => {
      seeds.push(request.idempotencySeed ?? '');
      reply.code(202);
      return act();
    });
  }
  await host.service.start();
});

afterEach(() => host.service.stop());

async function post(body: object, key: string | undefined, path = '/things', headers: Record<string, string> = {}) {
  const response = await fetch(host.url() + path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }), ...headers },
  });
  return {
    status: response.status,
    replayed: response.headers.get('idempotency-replayed'),
    retryAfter: response.headers.get('retry-after'),
    body: (await response.json()) as Record<string, unknown>,
  };
}

describe('Idempotency-Key', () => {
  it('does nothing where it is not sent', async () => {
    expect((await post({ title: 'a' }, undefined)).body).toEqual({ id: '', count: 1 });
    expect((await post({ title: 'a' }, undefined)).body).toEqual({ id: '', count: 2 });
    expect(memory.rows.size).toBe(0);
  });

  it('replays the first answer to the same body, defaults filled in or not', async () => {
    const first = await post({ title: 'a' }, 'k1');
    expect(first).toMatchObject({ status: 202, replayed: null, body: { count: 1 } });
    expect(first.body.id).toMatch(/^[0-9a-f]{32}$/);
    const again = await post({ lane: 'bulk', title: 'a' }, 'k1');
    expect(again).toEqual({ ...first, replayed: 'true' });
    expect(seeds).toHaveLength(1);
  });

  it('refuses another body', async () => {
    await post({ title: 'a' }, 'k1');
    expect(await post({ title: 'b' }, 'k1')).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  it('keeps tenants and routes apart', async () => {
    await post({ title: 'a' }, 'k1');
    expect((await post({ title: 'b' }, 'k1', '/others')).status).toBe(202);
    expect((await post({ title: 'c' }, 'k1', '/things', { 'x-tenant': 'other' })).status).toBe(202);
    expect(new Set(seeds).size).toBe(3);
  });

  it('refuses a second request while the first is running', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    act = () => promise;
    const first = post({ title: 'a' }, 'k1');
    while (seeds.length === 0) await new Promise(setImmediate);
    expect(await post({ title: 'a' }, 'k1')).toMatchObject({
      status: 409,
      retryAfter: '10',
      body: { code: 'request_in_progress' },
    });
    resolve({ done: true });
    expect((await first).status).toBe(202);
    expect((await post({ title: 'a' }, 'k1')).replayed).toBe('true');
  });

  it.each(['', 'with space', 'ä', 'x'.repeat(256)])('must be visible ASCII: %s', async (key) => {
    const response = await post({ title: 'a' }, encodeURI(key) === key ? key : 'with space');
    expect(response).toMatchObject({ status: 400, body: { code: 'idempotency_key_invalid', limit: 255 } });
  });

  it('stays free after an answer that had no effect', async () => {
    expect((await post({ title: 'too long' }, 'k1')).status).toBe(400);
    act = () => {
      throw new ProblemError('rate_limited', { retryAfterSeconds: 1 });
    };
    expect((await post({ title: 'b' }, 'k1')).status).toBe(429);
    act = () => ({ fine: true });
    expect(await post({ title: 'c' }, 'k1')).toMatchObject({ status: 202, replayed: null });
  });

  it('keeps its seed after an answer that may have had an effect', async () => {
    act = () => {
      throw new ProblemError('log_unavailable', { retryAfterSeconds: 5 });
    };
    expect((await post({ title: 'a' }, 'k1')).status).toBe(503);
    expect((await post({ title: 'a' }, 'k1')).status).toBe(409);
    memory.expire();
    act = () => ({ fine: true });
    expect((await post({ title: 'a' }, 'k1')).status).toBe(202);
    expect(seeds[1]).toBe(seeds[0]);
  });
});
