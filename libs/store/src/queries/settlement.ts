import { type DeliveryRef, type DeliveryState, isTerminal } from '@belfry/core/delivery';
import type { Settlement } from '@belfry/core/store/gate';

/** What the compare-and-set looks at, and what it leaves. */
export type SettledRow = {
  readonly state: DeliveryState;
  readonly attempt: number;
  readonly redrive: number;
  readonly reason: string | undefined;
  /** When the next attempt is due, for a delivery that waits. */
  readonly dueAtMs: number | undefined;
};

export type SettlementFacts = { readonly cancelled: boolean; readonly acknowledged: boolean; readonly nowMs: number };

/**
 * Decides one settlement: the row after it, or undefined where somebody else settled this attempt. A delivery that was cancelled or
 * acknowledged while it was being tried is not tried again.
 */
export function applySettlement(
  row: SettledRow | undefined,
  { ref, next, reason }: Settlement,
  { cancelled, acknowledged, nowMs }: SettlementFacts,
): SettledRow | undefined {
  if (row === undefined || !isDueAttempt(row, ref)) return undefined;
  const ended = (state: DeliveryState, why: string): SettledRow => ({ ...row, state, reason: why, dueAtMs: undefined });
  switch (next.kind) {
    case 'end':
      return ended(next.state, reason);
    case 'dead-letter':
      return ended('dead-lettered', next.reason);
    case 'retry':
    case 'park': {
      if (cancelled) return ended('cancelled', 'cancelled');
      if (acknowledged) return ended('acknowledged', 'acknowledged');
      const attempt = next.kind === 'retry' ? row.attempt + 1 : row.attempt;
      return { ...row, state: 'retrying', attempt, reason, dueAtMs: Math.ceil(nowMs + next.dueInMs) };
    }
  }
}

function isDueAttempt(row: SettledRow, ref: DeliveryRef): boolean {
  return row.attempt === ref.attempt && row.redrive === ref.redrive && !isTerminal(row.state);
}
