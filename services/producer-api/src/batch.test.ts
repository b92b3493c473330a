import { UnavailableError } from '@belfry/core/unavailable-error';
import { LIMITS } from '@belfry/protocol/limits';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type TestApi } from './api.fixture.ts';

const ITEM = { to: { users: ['alice'] }, type: 'tick', title: 'Tick' };
const NDJSON = { 'content-type': 'application/x-ndjson' };

let api: TestApi;
let key: string;

beforeAll(async () => {
  api = await startApi();
  key = await api.apiKey('default');
});
afterAll(() => api.stop());
afterEach(() => api.breakLog(undefined));

function post(body: unknown, headers: Record<string, string> = {}) {
  return api.call('POST', '/v1/notifications/batch', { as: key, body, headers });
}

describe('POST /v1/notifications/batch', () => {
  it('answers for each item, in order', async () => {
    const answer = await post([
      { ...ITEM, id: 'b-1' },
      { ...ITEM, titel: 'x' },
      { ...ITEM, id: 'b-1', title: 'Tock' },
      7,
    ]);
    expect(answer.status).toBe(207);
    expect(answer.json).toEqual({
      items: [
        { index: 0, status: 202, id: 'b-1' },
        { index: 1, status: 400, code: 'validation_failed', detail: expect.any(String), field: '/titel' },
        { index: 2, status: 409, code: 'notification_conflict', detail: expect.any(String), field: '/id' },
        { index: 3, status: 400, code: 'validation_failed', detail: expect.any(String), field: '' },
      ],
    });
  });

  it('accepts the same id twice as one notification', async () => {
    const own = { ...ITEM, id: 'twice' };
    const { json } = await post([own, own]);
    expect(json.items.map((item: { id: string }) => item.id)).toEqual(['twice', 'twice']);
  });

  it('names the limits of an item', async () => {
    const { json } = await post([
      { ...ITEM, title: 'x'.repeat(257) },
      { ...ITEM, data: { text: 'x'.repeat(LIMITS.notificationBytes) } },
      { ...ITEM, data: { a: JSON.parse('['.repeat(1_000) + ']'.repeat(1_000)) } },
    ]);
    expect(json.items).toMatchObject([
      { status: 400, field: '/title', limit: 256 },
      { status: 413, code: 'notification_too_large', limit: LIMITS.notificationBytes },
      { status: 400, code: 'validation_failed', limit: 64 },
    ]);
  });

  it('takes 1,000 items and no more, and no empty batch', async () => {
    const full = await post(Array.from({ length: LIMITS.batchItems }, () => ITEM));
    expect(full.json.items).toHaveLength(1_000);
    expect(new Set(full.json.items.map((item: { id: string }) => item.id)).size).toBe(1_000);
    for (const [count, limit] of [
      [1_001, 1_000],
      [0, 1],
    ] as const) {
      const items = Array.from({ length: count }, () => ITEM);
      const problem = { status: 400, code: 'validation_failed', field: '', limit };
      expect((await post(items)).json).toMatchObject(problem);
      const lines = items.map((item) => JSON.stringify(item)).join('\n');
      expect((await post(`${lines}\n`, NDJSON)).json).toMatchObject(problem);
    }
  });

  it('takes a body of up to 16 MiB', async () => {
    const filler = ' '.repeat(4 * 1_048_576);
    const answer = await post(`[${filler}${JSON.stringify(ITEM)}]`);
    expect(answer.status).toBe(207);
    const tooLarge = await post(`[${' '.repeat(LIMITS.batchBytes)}]`);
    expect(tooLarge.json).toMatchObject({ status: 413, code: 'body_too_large', limit: LIMITS.batchBytes });
  });

  it('refuses what is no list, and other content types', async () => {
    expect((await post(ITEM)).json).toMatchObject({ status: 400, code: 'validation_failed', field: '' });
    expect((await post('[{]')).json).toMatchObject({ status: 400, code: 'invalid_json' });
    expect((await post('x', { 'content-type': 'text/csv' })).json).toMatchObject({ status: 415 });
  });

  it('makes an outage the result of the items it hit', async () => {
    api.breakLog(() => Promise.reject(new UnavailableError('log-unavailable', 'away')));
    const { status, json } = await post([{ ...ITEM, title: '' }, ITEM]);
    expect(status).toBe(207);
    expect(json.items).toMatchObject([
      { index: 0, status: 400 },
      { index: 1, status: 503, code: 'log_unavailable', retryAfterSeconds: 5 },
    ]);
  });

  it('has a result for every line of NDJSON', async () => {
    const lines = [
      JSON.stringify(ITEM),
      '{"to":',
      '',
      JSON.stringify({ ...ITEM, title: '' }),
      'null',
      JSON.stringify(ITEM),
    ];
    const { json } = await post(`\uFEFF${lines.join('\r\n')}`, {
      'content-type': 'application/x-ndjson; charset=utf-8',
    });
    expect(json.items).toMatchObject([
      { index: 0, status: 202 },
      { index: 1, status: 400, code: 'invalid_json' },
      { index: 2, status: 400, code: 'validation_failed', field: '/title' },
      { index: 3, status: 400, code: 'validation_failed' },
      { index: 4, status: 202 },
    ]);
  });

  it('keeps the order of the items, whatever becomes of each', async () => {
    let run = 0;
    const kinds = fc.array(fc.constantFrom('good', 'bad', 'broken', 'taken'), { minLength: 1, maxLength: 30 });
    await post([{ ...ITEM, id: 'taken', title: 'First' }]);
    await fc.assert(
      fc.asyncProperty(kinds, fc.boolean(), async (all, crlf) => {
        run++;
        const line = (kind: string, index: number) => {
          if (kind === 'broken') return '{';
          if (kind === 'bad') return JSON.stringify({ ...ITEM, type: 7 });
          return JSON.stringify({ ...ITEM, id: kind === 'taken' ? 'taken' : `r${run}-${index}` });
        };
        const { json } = await post(all.map(line).join(crlf ? '\r\n' : '\n'), NDJSON);
        const expected = all.map((kind, index) => {
          if (kind === 'good') return { index, status: 202, id: `r${run}-${index}` };
          if (kind === 'taken') return { index, status: 409, code: 'notification_conflict' };
          return { index, status: 400, code: kind === 'bad' ? 'validation_failed' : 'invalid_json' };
        });
        expect(json.items).toHaveLength(all.length);
        expect(json.items).toMatchObject(expected);
      }),
      { numRuns: 25 },
    );
  });
});
