import type { NotificationId, TenantId } from '@belfry/core/notification';
import { ACCEPT_TAKE_OVER_MS, type AcceptBegun, type AcceptItem } from '@belfry/core/store/accept';
import { ChangedMeanwhileError } from '../changed-meanwhile-error.ts';
import { createRowLock } from '../lock-rows.ts';
import type { QueryContext } from '../query-context.ts';
import { createStatement } from '../statement.ts';
import { insertNotifications } from './insert-notifications.ts';
import { keyOf, readNotifications } from './notifications.ts';

/** A living writer mostly answers within this; a producer told to wait longer would wait for nothing. */
const USUAL_ACCEPT_MS = 1_000;

const KEY = { tenant: 'text', id: 'text' } as const;

const lockNotifications = createRowLock('notifications', KEY);

const setAccepted = createStatement({ input: KEY }, ({ db }, { input }) =>
  db
    .updateTable('notifications')
    .from(input)
    .set({ status: 'accepted' })
    .whereRef('notifications.tenant', '=', 'input.tenant')
    .whereRef('notifications.id', '=', 'input.id')
    // The router may have been faster.
    .where('status', '=', 'accepting'),
);

const takeOver = createStatement({ input: KEY, nowMs: 'integer' }, ({ db }, { input, nowMs }) =>
  db
    .updateTable('notifications')
    .from(input)
    .set({ accepting_since_ms: nowMs })
    .whereRef('notifications.tenant', '=', 'input.tenant')
    .whereRef('notifications.id', '=', 'input.id'),
);

export async function beginAccept(
  context: QueryContext,
  items: readonly AcceptItem[],
): Promise<readonly AcceptBegun[]> {
  // By position, not by object: the same object may stand in the call twice.
  const firsts = new Map<string, number>();
  for (const [index, { notification }] of items.entries()) {
    const key = keyOf(notification);
    if (!firsts.has(key)) firsts.set(key, index);
  }
  const inserted = await insertAccepting(
    context,
    items.filter((item, index) => firsts.get(keyOf(item.notification)) === index),
  );
  const isNew = items.map(({ notification }, index) => {
    const key = keyOf(notification);
    return inserted.has(key) && firsts.get(key) === index;
  });
  if (!isNew.includes(false)) return items.map(({ notification }) => ({ kind: 'append', notification }));
  return decidePresent(context, items, isNew);
}

async function insertAccepting(context: QueryContext, items: readonly AcceptItem[]): Promise<ReadonlySet<string>> {
  const inserted = await insertNotifications(context, 'accepting', items);
  return new Set(inserted.map(keyOf));
}

async function decidePresent(
  context: QueryContext,
  items: readonly AcceptItem[],
  isNew: readonly boolean[],
): Promise<readonly AcceptBegun[]> {
  const { nowMs } = context;
  const rows = await readNotifications(
    context,
    items.filter((_, index) => !isNew[index]).map(({ notification }) => notification),
    { lock: true },
  );
  const takenOver: { tenant: TenantId; id: NotificationId }[] = [];
  const taken = new Set<string>();
  const begun = items.map((item, index): AcceptBegun => {
    if (isNew[index]) return { kind: 'append', notification: item.notification };
    const { id } = item.notification;
    const key = keyOf(item.notification);
    const row = rows.get(key);
    if (row === undefined) throw new ChangedMeanwhileError(`notification ${id}`);
    // Made by the router, as the row of the first request is lost: nothing says that this one differs.
    if (row.bodyHash === '') return { kind: 'replay', id };
    if (row.bodyHash !== item.bodyHash) return { kind: 'conflict', id };
    if (row.status !== 'accepting') return { kind: 'replay', id };
    const ageMs = taken.has(key) ? 0 : nowMs - row.acceptingSinceMs;
    if (ageMs > ACCEPT_TAKE_OVER_MS || (item.takeOver && !taken.has(key))) {
      taken.add(key);
      takenOver.push({ tenant: item.notification.tenant, id });
      return { kind: 'append', notification: row.notification };
    }
    const remainingMs = ACCEPT_TAKE_OVER_MS - ageMs + 1;
    return { kind: 'in-progress', id, retryAfterMs: Math.min(USUAL_ACCEPT_MS, remainingMs) };
  });
  if (takenOver.length > 0) await takeOver(context, { input: takenOver, nowMs });
  return begun;
}

export async function markAccepted(
  context: QueryContext,
  ids: readonly { readonly tenant: TenantId; readonly id: NotificationId }[],
): Promise<void> {
  await context.finish([lockNotifications(context, ids), setAccepted(context, { input: ids })]);
}
