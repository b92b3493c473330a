import { ACCEPT_TAKE_OVER_MS, type AcceptItem } from '@belfry/core/store/accept';
import { expect, it } from 'vitest';
import type { StoreContract } from './store-contract.ts';
import { notificationOf, unique } from './store-contract-fixture.ts';

export function describeAccepting(contract: StoreContract): void {
  const itemOf = (fields: Partial<AcceptItem> = {}): AcceptItem => ({
    notification: notificationOf(contract, unique('t')),
    bodyHash: 'hash',
    takeOver: false,
    ...fields,
  });

  it('answers `append` with the notification for a new one', async () => {
    const item = itemOf();
    expect(await contract.store.beginAccept([item])).toEqual([{ kind: 'append', notification: item.notification }]);
    const { tenant, id } = item.notification;
    const entry = await contract.store.readNotification(tenant, id, undefined, 10);
    expect(entry).toMatchObject({ notification: item.notification, status: 'accepting', deliveries: [] });
  });

  it('replays an accepted one, also after a restart', async () => {
    const item = itemOf();
    const { tenant, id } = item.notification;
    await contract.store.beginAccept([item]);
    await contract.store.markAccepted([{ tenant, id }]);
    await contract.reopen();
    expect(await contract.store.beginAccept([item])).toEqual([{ kind: 'replay', id }]);
    expect(await contract.store.readNotification(tenant, id, undefined, 10)).toMatchObject({ status: 'accepted' });
  });

  it('refuses the id with another body, whether accepted or not', async () => {
    const item = itemOf();
    const other = { ...item, bodyHash: 'other' };
    const { id } = item.notification;
    await contract.store.beginAccept([item]);
    expect(await contract.store.beginAccept([other])).toEqual([{ kind: 'conflict', id }]);
    await contract.store.markAccepted([item.notification]);
    expect(await contract.store.beginAccept([other])).toEqual([{ kind: 'conflict', id }]);
  });

  it('keeps every character of the content, also those that databases refuse in text', async () => {
    const odd = '\u0000 \uD800 \uDC00 \u2028 \u{1F44D}';
    const fields = { type: odd, title: odd, body: odd, data: { [odd]: [odd, { [odd]: null }] } };
    const item = itemOf({ notification: notificationOf(contract, unique('t'), fields) });
    const { tenant, id } = item.notification;
    await contract.store.beginAccept([item]);
    await contract.store.markAccepted([item.notification]);
    expect(await contract.store.beginAccept([item])).toEqual([{ kind: 'replay', id }]);
    const routed = { notification: item.notification, recipient: 'ann' };
    expect(await contract.store.route([routed])).toMatchObject([{ kind: 'routed', offset: 1 }]);
    const { items } = await contract.store.readStream({ tenant, user: 'ann' }, 0, 10);
    expect(items.map(({ notification }) => notification)).toEqual([item.notification]);
  });

  it('keeps the ids of tenants apart', async () => {
    const item = itemOf();
    const twin = { ...item, notification: { ...item.notification, tenant: unique('t') } };
    expect(await contract.store.beginAccept([item, twin])).toMatchObject([{ kind: 'append' }, { kind: 'append' }]);
  });

  it('leaves one that is being accepted to its writer for ten seconds, then hands out what was stored', async () => {
    const item = itemOf();
    const { id } = item.notification;
    await contract.store.beginAccept([item]);
    await contract.clock.advance(ACCEPT_TAKE_OVER_MS);
    const [running] = await contract.store.beginAccept([item]);
    expect(running).toMatchObject({ kind: 'in-progress', id });
    expect(running?.kind === 'in-progress' && running.retryAfterMs).toBeGreaterThan(0);
    await contract.clock.advance(1);
    const repeat = { ...item, notification: { ...item.notification, acceptedAtMs: contract.clock.nowMs() } };
    // Once, however often it is asked for at the same time.
    expect(await contract.store.beginAccept([repeat, repeat])).toEqual([
      { kind: 'append', notification: item.notification },
      { kind: 'in-progress', id, retryAfterMs: expect.any(Number) },
    ]);
    // The take-over is a writer of its own.
    expect(await contract.store.beginAccept([repeat])).toMatchObject([{ kind: 'in-progress', id }]);
  });

  it('takes over at once when told that the writer is gone', async () => {
    const item = itemOf();
    await contract.store.beginAccept([item]);
    expect(await contract.store.beginAccept([{ ...item, takeOver: true }])).toEqual([
      { kind: 'append', notification: item.notification },
    ]);
  });

  it('answers `append` once for an id that comes twice in a call', async () => {
    const item = itemOf();
    const { id } = item.notification;
    const answers = await contract.store.beginAccept([item, itemOf(), item, { ...item, bodyHash: 'other' }]);
    expect(answers).toMatchObject([
      { kind: 'append', notification: { id } },
      { kind: 'append' },
      { kind: 'in-progress', id },
      { kind: 'conflict', id },
    ]);
  });

  it('lets one of many callers at the same time append', async () => {
    const item = itemOf();
    const answers = await Promise.all(Array.from({ length: 50 }, () => contract.store.beginAccept([item])));
    const kinds = answers.flat().map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'append')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'in-progress')).toHaveLength(49);
  });

  it('gives each of many callers its own answer', async () => {
    const known = itemOf();
    await contract.store.beginAccept([known]);
    await contract.store.markAccepted([known.notification]);
    const calls = Array.from({ length: 30 }, (_, index) =>
      index % 3 === 0 ? [known] : Array.from({ length: index % 4 }, () => itemOf()),
    );
    const answers = await Promise.all(calls.map((items) => contract.store.beginAccept(items)));
    for (const [index, items] of calls.entries()) {
      const expected = items.map((item) =>
        item === known
          ? { kind: 'replay', id: known.notification.id }
          : { kind: 'append', notification: item.notification },
      );
      expect(answers[index]).toEqual(expected);
    }
  });

  it('does not turn a routed or cancelled one back to accepted', async () => {
    const item = itemOf();
    const { tenant, id } = item.notification;
    await contract.store.beginAccept([item]);
    await contract.store.route([{ notification: item.notification, recipient: 'ann' }]);
    await contract.store.markAccepted([{ tenant, id }]);
    expect(await contract.store.readNotification(tenant, id, undefined, 1)).toMatchObject({ status: 'routed' });
    await contract.store.cancelNotification(tenant, id);
    await contract.store.markAccepted([{ tenant, id }]);
    expect(await contract.store.readNotification(tenant, id, undefined, 1)).toMatchObject({ status: 'cancelled' });
    expect(await contract.store.beginAccept([item])).toEqual([{ kind: 'replay', id }]);
  });
}
