import type { LedgerEntry } from '@belfry/core/store/ledger';
import type { Store } from '@belfry/core/store/store';
import {
  type Ack,
  crowdOf,
  deviceOf,
  fateOf,
  idOf,
  keyOf,
  refOf,
  responseOf,
  settlementsOf,
  TENANT,
  userOf,
} from './workload.fixture.ts';

/** What a store must answer for: the last acknowledgement of each kind, by notification. */
type Owed = { accepted: boolean; offset?: number; attempts: number; acknowledged: boolean };

const PAGE = 1_000;
/** Of a routed notification: realtime to two recipients, Web Push, FCM. */
const DELIVERIES = 4;

/** What is wrong with a store, given everything that was acknowledged before: something is not there, or is there in part. Its clock is later than the longest wait. */
export async function faultsOfStore(store: Omit<Store, 'close'>, acks: readonly Ack[]): Promise<string[]> {
  const faults: string[] = [];
  const epochs = acks.flatMap((ack) => (ack.kind === 'epoch' ? [ack.epoch] : []));
  const epoch = await store.epoch();
  if (epochs.some((known) => known !== epoch)) faults.push('the epoch is another one: every cursor has become void');
  const owed = owedBy(acks);
  const timers = new Set((await store.claimDueTimers(PAGE, 1_000)).map(({ delivery }) => delivery.deliveryId));
  const letters = (await store.listDeadLetters(TENANT, {}, undefined, PAGE)).items;
  const attemptsOfLetters = new Map(letters.map(({ deliveryId, attempts }) => [deliveryId, attempts.length]));
  const streams = await readStreams(store, [...owed.keys()], faults);

  for (const [serial, due] of owed) {
    const fail = (what: string): void => void faults.push(`${idOf(serial)} (${fateOf(serial)}): ${what}`);
    if (due.accepted) {
      const claimed = await store.claimIdempotencyKey(keyOf(serial));
      if (claimed.kind !== 'replay' || claimed.response.body !== responseOf(serial).body)
        fail(`its key is ${claimed.kind}`);
    }
    const entry = await store.readNotification(TENANT, idOf(serial), undefined, PAGE);
    if (entry === undefined) {
      if (due.accepted) fail('was accepted and is not there');
      continue;
    }
    if (due.accepted && entry.status === 'accepting') fail('was accepted and is not');
    const stored = streams.get(idOf(serial));
    if (due.offset !== undefined && stored !== due.offset) fail(`was routed to ${due.offset} and is at ${stored}`);
    const expected = stored === undefined ? 0 : DELIVERIES;
    if (entry.deliveries.length !== expected) fail(`has ${entry.deliveries.length} deliveries of ${expected}`);
    for (const fault of faultsOfPush(serial, entry, due.attempts, timers, attemptsOfLetters)) fail(fault);
    const realtime = entry.deliveries.find(
      ({ channel, recipient }) => channel === 'realtime' && recipient === userOf(serial).user,
    );
    if (due.acknowledged && realtime?.state !== 'delivered') fail(`was acknowledged and is ${realtime?.state}`);
    if (fateOf(serial) === 'gone' && due.attempts > 0) {
      const devices = await store.listDevices(userOf(serial));
      if (devices.some(({ id }) => id === deviceOf(serial))) fail('its device was removed and is there');
    }
  }
  return faults;
}

/** State, attempts, timer and dead letter of the Web Push delivery are written together: what is there of them must fit. */
function faultsOfPush(
  serial: number,
  { deliveries }: LedgerEntry,
  owedAttempts: number,
  timers: ReadonlySet<string>,
  attemptsOfLetters: ReadonlyMap<string, number>,
): string[] {
  const { deliveryId } = refOf(serial);
  const push = deliveries.find(({ id }) => id === deliveryId);
  if (push === undefined) return owedAttempts > 0 ? ['was settled and is not there'] : [];
  const faults: string[] = [];
  const made = push.attempts.length;
  if (made < owedAttempts) faults.push(`${owedAttempts} attempts were settled, ${made} are there`);
  const last = settlementsOf(serial, 0)[made - 1]?.next;
  const state = last === undefined ? 'queued' : STATES[last.kind];
  if (push.state !== state) faults.push(`is ${push.state} after ${made} attempts instead of ${state}`);
  if (fateOf(serial) === 'waits' && state === 'retrying' && !timers.has(deliveryId))
    faults.push('waits without a timer');
  if (state === 'dead-lettered' && attemptsOfLetters.get(deliveryId) !== made)
    faults.push('has no letter with its attempts');
  return faults;
}

const STATES = { end: 'delivered', retry: 'retrying', park: 'retrying', 'dead-letter': 'dead-lettered' } as const;

function owedBy(acks: readonly Ack[]): ReadonlyMap<number, Owed> {
  const owed = new Map<number, Owed>();
  for (const ack of acks) {
    if (ack.kind === 'epoch') continue;
    const due = owed.get(ack.serial) ?? { accepted: false, attempts: 0, acknowledged: false };
    owed.set(ack.serial, due);
    if (ack.kind === 'routed') due.offset = ack.offset;
    else if (ack.kind === 'settled') due.attempts = ack.attempts;
    else due[ack.kind] = true;
  }
  return owed;
}

/** Offsets by notification. Adds to `faults` where one is missing. */
async function readStreams(
  store: Omit<Store, 'close'>,
  serials: readonly number[],
  faults: string[],
): Promise<ReadonlyMap<string, number>> {
  const offsets = new Map<string, number>();
  const users = new Map(serials.map((serial) => [crowdOf(serial).user, crowdOf(serial)]));
  for (const user of users.values()) {
    const { items, head } = await store.readStream(user, 0, PAGE);
    if (head !== items.length || items.some(({ offset }, index) => offset !== index + 1))
      faults.push(`the stream of ${user.user} is not dense up to ${head}`);
    for (const { offset, notification } of items) offsets.set(notification.id, offset);
  }
  return offsets;
}
