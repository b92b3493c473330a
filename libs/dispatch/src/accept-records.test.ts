import type { LogRecord } from '@belfry/core/log';
import { INPUT_EXAMPLES } from '@belfry/protocol/asyncapi-examples';
import { deadLetterRecordSchema, unreadableJobRecordSchema } from '@belfry/protocol/dead-letter-record';
import { LIMITS } from '@belfry/protocol/limits';
import { DEAD_LETTERS_TOPIC, jobsTopic, RECEIPTS_TOPIC } from '@belfry/protocol/log-topics';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INPUT_TOPIC, jsonOf, only, TENANT, usePipeline } from './pipeline.fixture.ts';
import { REJECTED } from './scripted-channel.fixture.ts';

const pipeline = usePipeline();
const OWNER = 'globex';
const DAY_MS = 86_400_000;

const inboxOf = async (user: string, tenant = OWNER) =>
  (await pipeline.store.readInbox({ tenant, user }, undefined, 100)).items.map(({ notification }) => notification);
const unreadable = async () =>
  (await pipeline.store.listUnreadableJobs(undefined, 1_000)).filter(({ logTopic }) => logTopic === INPUT_TOPIC);

/** Writes values as an upstream would, and reads the records back. */
async function written(...values: readonly (object | string | Uint8Array)[]): Promise<readonly LogRecord[]> {
  const bytes = (value: object | string | Uint8Array) =>
    value instanceof Uint8Array ? value : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  await pipeline.log.append(
    INPUT_TOPIC,
    values.map((value) => ({ key: 'same', value: bytes(value) })),
  );
  return pipeline.take(INPUT_TOPIC);
}

const least = (user: string) => ({ to: { users: [user] }, type: 'test', title: `For ${user}` });

describe('a record of an input topic', () => {
  it('needs an audience, a type and a title; the rest is filled in as for a post', async () => {
    const record = only(await written(least('i-ann')));
    await pipeline.start().acceptRecords([record]);
    await pipeline.workOff();
    const notification = only(await inboxOf('i-ann'));
    expect(notification).toMatchObject({ type: 'test', title: 'For i-ann', priority: 'normal' });
    expect(notification.acceptedAtMs).toBe(record.appendedAtMs);
    expect(notification.expiresAtMs - notification.acceptedAtMs).toBe(4 * DAY_MS);
    expect(notification.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect((await pipeline.store.readNotification(OWNER, notification.id, undefined, 10))?.status).toBe('routed');
  });

  it('may say everything that a post may', async () => {
    const full = {
      ...{ v: 1, id: 'i-full', to: { users: ['i-bob'] }, type: 'invoice', title: 'Invoice', body: 'Due soon' },
      ...{ data: { invoice: 7, lines: [{ net: 1.5 }] }, icon: '/icon.png', url: '/invoices/7', channels: ['realtime'] },
      ...{ priority: 'low', ttlSeconds: 3_600, collapseKey: 'invoice-7' },
    };
    const records = await written(full);
    await pipeline.start().acceptRecords(records);
    const job = only(await pipeline.take(jobsTopic('bulk')));
    expect(job).toMatchObject({ key: `${OWNER}/i-bob`, headers: { 'belfry-tenant': OWNER } });
    await pipeline.start().route([job]);
    const { v: _v, to: _to, ttlSeconds: _ttl, ...shown } = full;
    const notification = only(await inboxOf('i-bob'));
    expect(notification).toMatchObject(shown);
    expect(notification.expiresAtMs - notification.acceptedAtMs).toBe(3_600_000);
  });

  it('is named in the dead letters of what became of it, as a request is', async () => {
    const worker = pipeline.start();
    const address = { endpoint: 'https://push.example/origin', p256dh: 'B', auth: 'a', keyId: 'k1' };
    await pipeline.store.registerDevice({ tenant: OWNER, user: 'i-cay' }, 'device-i-cay', {
      channel: 'webpush',
      address,
    });
    await pipeline.addDevice('i-cay');
    pipeline.channel.answer(REJECTED, REJECTED);
    const record = only(await written(least('i-cay')));
    await worker.acceptRecords([record]);
    await pipeline.workOff(worker);
    const posted = await pipeline.post('i-cay');
    await pipeline.workOff(worker);

    const letters = (await pipeline.take(DEAD_LETTERS_TOPIC)).map((each) => deadLetterRecordSchema.parse(jsonOf(each)));
    const { partition, offset } = record;
    expect(letters.map(({ origin }) => origin)).toEqual([
      { kind: 'input-topic', logTopic: INPUT_TOPIC, partition, offset: offset.toString() },
      { kind: 'http' },
    ]);
    const { items } = await pipeline.store.listDeadLetters(TENANT, { notificationId: posted }, undefined, 10);
    expect(items).toMatchObject([{ origin: { kind: 'http' } }]);
  });

  it('is what the documents show', async () => {
    const known = (await unreadable()).length;
    await pipeline.store.subscribeTopic(OWNER, 'release-notes', ['i-doc']);
    await pipeline.start().acceptRecords(await written(...Object.values(INPUT_EXAMPLES)));
    await pipeline.workOff();
    expect(await unreadable()).toHaveLength(known);
    const titles = [...(await inboxOf('alice')), ...(await inboxOf('i-doc'))].map(({ title }) => title);
    expect(titles.toSorted()).toEqual(
      Object.values(INPUT_EXAMPLES)
        .map(({ title }) => title)
        .toSorted(),
    );
  });

  it('reaches topics and everyone', async () => {
    await pipeline.store.subscribeTopic(OWNER, 'news', ['i-cay']);
    await pipeline
      .start()
      .acceptRecords(
        await written(
          { ...least(''), to: { topic: 'news' }, title: 'To the topic' },
          { ...least(''), to: { everyone: true }, title: 'To everyone' },
        ),
      );
    await pipeline.workOff();
    expect((await inboxOf('i-cay')).map(({ title }) => title).toSorted()).toEqual(['To everyone', 'To the topic']);
  });

  it('belongs to the tenant of its topic, whatever its headers and key say', async () => {
    const value = Buffer.from(JSON.stringify({ ...least('i-dan'), id: 'i-dan-1' }));
    await pipeline.log.append(INPUT_TOPIC, [{ key: `${TENANT}/i-dan`, value, headers: { 'belfry-tenant': TENANT } }]);
    await pipeline.workOff();
    expect(await inboxOf('i-dan', TENANT)).toEqual([]);
    expect((await inboxOf('i-dan')).map(({ id }) => id)).toEqual(['i-dan-1']);
  });

  it.each([[0], [-1], [1.7e18]])('gets over a timestamp of %d', async (appendedAtMs) => {
    const user = `i-time${appendedAtMs}`;
    const [record] = await written(least(user));
    await pipeline.start().acceptRecords([{ ...(record as LogRecord), appendedAtMs }]);
    await pipeline.workOff();
    expect(only(await inboxOf(user)).acceptedAtMs).toBe(pipeline.clock.nowMs());
  });

  it('keeps the order of its key, over both kinds of ids', async () => {
    const titles = Array.from({ length: 300 }, (_, index) => `${index}`);
    const records = await written(
      ...titles.map((title, index) => ({ ...least('i-eve'), title, ...(index % 3 ? {} : { id: `i-eve-${index}` }) })),
    );
    await pipeline.start().acceptRecords(records);
    await pipeline.workOff();
    const { items } = await pipeline.store.readStream({ tenant: OWNER, user: 'i-eve' }, 0, 1_000);
    expect(items.map(({ notification }) => notification.title)).toEqual(titles);
  });
});

describe('a record that comes again', () => {
  it.each([
    ['after the row was there', 'beginAccept', 'after'],
    ['before its jobs were appended', 'append', 'before'],
    ['after its jobs were appended', 'append', 'after'],
    ['before the row was marked', 'markAccepted', 'before'],
    ['after the row was marked', 'markAccepted', 'after'],
  ] as const)('makes one notification: crash %s', async (where, step, when) => {
    const user = `again ${where}`;
    const records = await written(least(user), { ...least(user), id: `again ${where}` });
    pipeline.faults.plan(step, { when, ...(step === 'append' ? { only: jobsTopic('transactional') } : {}) });
    await expect(pipeline.start().acceptRecords(records)).rejects.toThrow(`${step} failed`);
    await pipeline.start().acceptRecords(records);
    await pipeline.workOff();
    await pipeline.start().acceptRecords(records);
    await pipeline.workOff();
    expect(await inboxOf(user)).toHaveLength(2);
  });

  it('is told to the receipts feed as accepted', async () => {
    const records = await written({ ...least('again-told'), id: 'again-told' });
    await pipeline.take(RECEIPTS_TOPIC);
    await pipeline.start().acceptRecords(records);
    await pipeline.start().acceptRecords(records);
    expect((await pipeline.take(RECEIPTS_TOPIC)).map(jsonOf)).toEqual([
      { v: 1, atMs: pipeline.clock.nowMs(), tenant: OWNER, notificationId: 'again-told', state: 'accepted' },
    ]);
  });

  it('written twice under one id is one notification, and another content under that id is set aside', async () => {
    const one = { ...least('again-id'), id: 'again-id' };
    const records = await written(one, one, { ...one, title: 'Other' }, { ...one, id: 'again-next' });
    await pipeline.start().acceptRecords(records);
    await pipeline.workOff();
    expect((await inboxOf('again-id')).map(({ id, title }) => [id, title])).toEqual([
      ['again-next', one.title],
      ['again-id', one.title],
    ]);
    const offset = String(records[2]?.offset);
    const letter = (await unreadable()).find((job) => job.offset === offset && job.partition === records[2]?.partition);
    expect(letter?.reason).toMatch(/^id-conflict: /);
  });

  it('is the same notification as a post with its id and content', async () => {
    const request = { ...least('again-post'), id: 'again-post' };
    const { accept, acceptRecords } = pipeline.start();
    await accept([{ tenant: OWNER, request }]);
    await acceptRecords(await written(request));
    expect(await accept([{ tenant: OWNER, request }])).toMatchObject([{ kind: 'accepted', replayed: true }]);
    await pipeline.workOff();
    expect(await inboxOf('again-post')).toHaveLength(1);
  });
});

const base = least('bad');
const BAD: readonly (readonly [string, object | string | Uint8Array, RegExp])[] = [
  ['nothing, as a tombstone has', '', /^empty$/],
  ['no JSON', 'hello', /^not-json$/],
  ['a part of JSON', JSON.stringify(base).slice(0, -1), /^not-json$/],
  ['UTF-16', Buffer.from(JSON.stringify(base), 'utf16le'), /^not-json$/],
  ['Latin-1', Buffer.from(JSON.stringify({ ...base, title: 'é' }), 'latin1'), /^not-utf8$/],
  ['compressed bytes', Buffer.from('1f8b0800000000000003', 'hex'), /^not-utf8$/],
  ['a schema registry’s prefix', Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), Buffer.from('{}')]), /^not-json$/],
  ['a list', [base], /^invalid: \/ /],
  ['null', 'null', /^invalid: \/ /],
  ['a job of ours', { v: 1, notification: base }, /^invalid: \/to /],
  ['a later version', { ...base, v: 2 }, /^invalid: \/v /],
  ['no title', { ...base, title: undefined }, /^invalid: \/title /],
  ['a long type', { ...base, type: 'x'.repeat(65) }, /^invalid: \/type .*64/],
  ['no recipients', { ...base, to: { users: [] } }, /^invalid: \/to/],
  ['a misspelt option', { ...base, ttl: 5 }, /^invalid: \/ .*"ttl"/],
  ['a tenant', { ...base, tenant: TENANT }, /^invalid: \/ .*"tenant"/],
  ['an id with a slash', { ...base, id: 'a/b' }, /^invalid: \/id /],
  ['an id with a NUL', { ...base, id: 'a\u0000' }, /^invalid: \/id /],
  ['half a surrogate pair in a user', { ...base, to: { users: ['\uD800'] } }, /^invalid: \/to/],
  ['a NUL in the collapse key', { ...base, collapseKey: '\u0000' }, /^invalid: \/collapseKey /],
  ['a NUL in a name', { ...base, '\u0000\uD800': 1 }, /^invalid: \/ .*\uFFFD/],
  ['a very long name', { ...base, ['x'.repeat(100_000)]: 1 }, /^invalid: \/ .{100,300}$/],
  ['a deep value', `{"data":{"x":${'['.repeat(9_000)}${']'.repeat(9_000)}}}`, /^nested-too-deep$/],
  ['a large notification', { ...base, data: { x: 'x'.repeat(LIMITS.notificationBytes) } }, /^too-large: \d+ bytes/],
  ['a large value', Buffer.alloc(LIMITS.bodyBytes + 1, ' '), /^too-large: 262145 bytes/],
];

describe('a record that is no notification', () => {
  it.each(BAD)('is set aside and holds nobody up: %s', async (what, value, reason) => {
    const user = `beside ${what}`.replaceAll('/', ' ');
    const run = await written({ ...least(user), title: 'before' }, value, { ...least(user), title: 'behind' });
    const { acceptRecords } = pipeline.start();
    await acceptRecords(run);
    await acceptRecords(run);
    const { partition, offset } = run[1] as LogRecord;
    const kept = (await unreadable()).filter((job) => job.partition === partition && job.offset === String(offset));
    expect(only(kept)).toMatchObject({ tenant: OWNER, reason: expect.stringMatching(reason) as string });
    const letters = (await pipeline.take(DEAD_LETTERS_TOPIC)).map((each) =>
      unreadableJobRecordSchema.parse(jsonOf(each)),
    );
    expect(letters.map(({ id, sha256 }) => [id, sha256])).toEqual(Array(2).fill([kept[0]?.id, kept[0]?.sha256]));
    await pipeline.workOff();
    expect((await inboxOf(user)).map(({ title }) => title)).toEqual(['behind', 'before']);
  });

  it('never stops the router, whatever its bytes are, in an input topic or in one of ours', async () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constantFrom('\u0000', '\uD800', '__proto__'));
    const almost = fc.record(
      {
        v: fc.constantFrom(1, 2),
        to: fc.object(),
        id: text,
        type: text,
        title: text,
        data: fc.object(),
        notification: fc.object(),
      },
      { requiredKeys: [] },
    );
    const value = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      text.map((each) => Buffer.from(each)),
      almost.map((each) => Buffer.from(JSON.stringify(each))),
    );
    const { acceptRecords, route } = pipeline.start();
    let offset = 0n;
    const place = () => ({ partition: 99, offset: offset++, key: 'k', appendedAtMs: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 10 }), async (values) => {
        await acceptRecords(values.map((each) => ({ ...place(), logTopic: INPUT_TOPIC, headers: {}, value: each })));
        const headers = { 'belfry-tenant': TENANT };
        const logTopic = jobsTopic('transactional');
        await route(values.map((each) => ({ ...place(), logTopic, headers, value: each })));
      }),
      { numRuns: 50 },
    );
  });
});
