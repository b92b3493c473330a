import type { Api, LedgerAnswer } from './api.ts';
import { mapConcurrently } from './map-concurrently.ts';

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

/** States in which nothing more happens to a push delivery by itself. */
const ENDED: ReadonlySet<string> = new Set([
  'delivered',
  'read',
  'dead-lettered',
  'expired',
  'superseded',
  'cancelled',
  'acknowledged',
]);

export function isEnded(delivery: LedgerDeliveries[number]): boolean {
  return (
    ENDED.has(delivery.status) || (delivery.channel === 'realtime' && ['stored', 'sent'].includes(delivery.status))
  );
}
