import { UnavailableError } from '@belfry/core/unavailable-error';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, startApi, type TestApi } from './api.fixture.ts';

const NOTIFICATION = { to: { users: ['alice'] }, type: 'invoice.ready', title: 'Your invoice is ready' };

let api: TestApi;
let key: string;

beforeAll(async () => {
  api = await startApi();
  key = await api.apiKey('default');
});
afterAll(() => api.stop());
afterEach(() => api.breakLog(undefined));

function post(idempotencyKey: string, body: unknown = NOTIFICATION, path = '/v1/notifications') {
  return api.call('POST', path, { as: key, body, headers: { 'idempotency-key': idempotencyKey } });
}

function jobs() {
  return api.appended.filter(({ logTopic }) => logTopic.startsWith('jobs.'));
}

describe('Idempotency-Key', () => {
  it('replays the answer to the same body', async () => {
    const first = await post('same');
    const again = await post('same');
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect([again.status, again.json]).toEqual([202, first.json]);
  });

  it('refuses another body', async () => {
    await post('other');
    const answer = await post('other', { ...NOTIFICATION, title: 'Another' });
    expect(answer.json).toMatchObject({ status: 422, code: 'idempotency_key_reused', field: 'header:Idempotency-Key' });
  });

  it('is free again after a refused request', async () => {
    expect((await post('corrected', { ...NOTIFICATION, title: '' })).status).toBe(400);
    expect((await post('corrected')).status).toBe(202);
  });

  it.each(['', 'with blank', 'x'.repeat(256)])('refuses the key "%s"', async (bad) => {
    expect((await post(bad)).json).toMatchObject({ status: 400, code: 'idempotency_key_invalid', limit: 255 });
  });

  it('belongs to one tenant', async () => {
    const mine = await post('shared-name');
    const other = await api.apiKey('other');
    const headers = { 'idempotency-key': 'shared-name' };
    const theirs = await api.call('POST', '/v1/notifications', { as: other, body: NOTIFICATION, headers });
    expect(theirs.status).toBe(202);
    expect(theirs.headers.get('idempotency-replayed')).toBeNull();
    expect(theirs.json.id).not.toBe(mine.json.id);
  });

  it('answers 409 with Retry-After while the first is running, and makes one notification of 100 that race', async () => {
    const before = jobs().length;
    const answers: Answer[] = await Promise.all(Array.from({ length: 100 }, () => post('race')));
    const accepted = answers.filter(({ status }) => status === 202);
    const running = answers.filter(({ status }) => status === 409);
    expect(accepted.length).toBeGreaterThanOrEqual(1);
    expect(accepted.length + running.length).toBe(100);
    for (const answer of running) {
      expect(answer.json.code).toBe('request_in_progress');
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
    const ids = new Set([...accepted, await post('race')].map(({ json }) => json.id));
    expect(ids.size).toBe(1);
    expect(jobs().length - before).toBe(1);
  });

  it('keeps the claim of a request whose effect is not known', async () => {
    api.breakLog(() => Promise.reject(new UnavailableError('log-unavailable', 'away')));
    expect((await post('unknown-effect')).status).toBe(503);
    api.breakLog(undefined);
    // Not a new claim: that would have another seed and accept the notification under another id.
    expect((await post('unknown-effect')).json).toMatchObject({ status: 409, code: 'request_in_progress' });
  });

  it('covers a whole batch', async () => {
    const batch = [NOTIFICATION, { ...NOTIFICATION, title: '' }, NOTIFICATION];
    const before = jobs().length;
    const first = await post('batch', batch, '/v1/notifications/batch');
    const again = await post('batch', batch, '/v1/notifications/batch');
    expect(first.status).toBe(207);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.json).toEqual(first.json);
    expect(new Set(first.json.items.map((item: { id?: string }) => item.id)).size).toBe(3);
    expect(jobs().length - before).toBe(2);
  });

  it('completes an abandoned request with the same id', async () => {
    const before = jobs().length;
    api.breakLog(async () => {
      throw new UnavailableError('log-unavailable', 'away');
    });
    await post('abandoned');
    api.breakLog(undefined);
    api.advance(10_001);
    const answer = await post('abandoned');
    expect(answer.status).toBe(202);
    expect((await post('abandoned')).json).toEqual(answer.json);
    expect(jobs().length - before).toBe(1);
  });

  it('makes a batch that the log did not take whole an error, and completes it without accepting anything twice', async () => {
    const batch = [NOTIFICATION, { ...NOTIFICATION, priority: 'low' }, NOTIFICATION];
    const before = jobs().length;
    api.breakLog(async (logTopic) => {
      if (logTopic === 'jobs.bulk') throw new UnavailableError('log-full', 'the disk is full');
    });
    const broken = await post('broken-batch', batch, '/v1/notifications/batch');
    expect(broken.json).toMatchObject({ status: 507, code: 'log_full' });
    expect(broken.headers.get('retry-after')).not.toBeNull();
    expect(jobs().length - before).toBe(2);

    api.breakLog(undefined);
    api.advance(10_001);
    const whole = await post('broken-batch', batch, '/v1/notifications/batch');
    expect(whole.json.items).toMatchObject([{ status: 202 }, { status: 202 }, { status: 202 }]);
    expect(jobs().length - before).toBe(3);
  });

  it('does not keep connection tickets', async () => {
    const first = await post('ticket', { user: 'alice' }, '/v1/connection-tickets');
    const second = await post('ticket', { user: 'alice' }, '/v1/connection-tickets');
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.json.ticket).not.toBe(first.json.ticket);
  });
});
