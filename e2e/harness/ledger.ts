import type { Api, LedgerAnswer } from './api.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { waitUntil } from './wait-until.ts';

export type LedgerDeliveries = LedgerAnswer['deliveries'];

/** Every delivery of a notification, over all pages; undefined when the notification is not known. */
export async function readLedger(api: Api, id: string): Promise<LedgerDeliveries | undefined> {
  const deliveries: LedgerDeliveries[number][] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await api.get<LedgerAnswer>(`/v1/notifications/${id}?limit=200${query}`);
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`ledger of ${id}: ${status}`);
    deliveries.push(...body.deliveries);
    cursor = body.next ?? undefined;
  } while (cursor !== undefined);
  return deliveries;
}

/** Ledgers of many notifications, in their order. */
export function readLedgers(api: Api, ids: readonly string[]): Promise<(LedgerDeliveries | undefined)[]> {
  return mapConcurrently(ids, 32, (id) => readLedger(api, id));
}

function countRecipients(ledger: LedgerDeliveries): number {
  return new Set(ledger.map(({ recipient }) => recipient)).size;
}

/** States in which nothing more happens to a push delivery by itself. */
const ENDED: ReadonlySet<string> = new Set([
  'delivered',
  'read',
  'dead-lettered',
  'expired',
  'superseded',
  'cancelled',
  'acknowledged',
  'skipped',
]);

export function isEnded(delivery: LedgerDeliveries[number]): boolean {
  return (
    ENDED.has(delivery.status) || (delivery.channel === 'realtime' && ['stored', 'sent'].includes(delivery.status))
  );
}

export type EndedLedgers = {
  /** By notification. */
  readonly ended: ReadonlyMap<string, LedgerDeliveries>;
  readonly deliveries: LedgerDeliveries;
  /** Ids that the ledger does not know. */
  readonly unknown: readonly string[];
  /** Ids with a delivery that has no end, or without any delivery, when the time was up. */
  readonly unended: readonly string[];
};

export type EndedLedgersOptions = {
  readonly timeoutMs: number;
  /** Recipients of a notification, 1 when omitted: they are routed in parts, so that a ledger may still grow. */
  readonly recipients?: (id: string) => number;
};

/** Reads until everything has an end or the time is up. What has ended is not read again. */
export async function readEndedLedgers(
  api: Api,
  ids: readonly string[],
  { timeoutMs, recipients = () => 1 }: EndedLedgersOptions,
): Promise<EndedLedgers> {
  const ended = new Map<string, LedgerDeliveries>();
  const unknown: string[] = [];
  let open = ids;
  const readOpen = async (): Promise<boolean> => {
    const read = await readLedgers(api, open);
    open = open.filter((id, index) => {
      const ledger = read[index];
      if (ledger === undefined) unknown.push(id);
      else if (!ledger.every(isEnded) || countRecipients(ledger) < recipients(id)) return true;
      else ended.set(id, ledger);
      return false;
    });
    return open.length === 0;
  };
  await waitUntil(readOpen, { timeoutMs, everyMs: 1_000 }).catch(() => undefined);
  return { ended, deliveries: [...ended.values()].flat(), unknown, unended: open };
}
