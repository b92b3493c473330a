import type { Random } from '@belfry/core/random';

/**
 * Whether handlers may start, given how earlier ones fared. A handler that fails for a reason that is not its record's (store or log down)
 * closes the gate for everyone; after a growing pause one handler at a time probes, and its success opens the gate.
 *
 *   open ──failure──▶ closed ──pause over──▶ probing ──success──▶ open
 *                       ▲                       │
 *                       └───────failure─────────┘
 *
 * Handlers that were running when the gate closed say nothing new: they neither lengthen the pause nor open the gate.
 */
export type IntakeGate = {
  readonly state: 'open' | 'closed' | 'probing';
  /** Why it is not open, in the words of the last failure. */
  readonly reason: string | undefined;
  mayStart(): boolean;
  /** A handler starts. Returns the token to report its end with. */
  started(): number;
  /** Returns true when this opened the gate. */
  succeeded(token: number): boolean;
  /** Returns the milliseconds after which to call `probe`, or undefined when the failure was of before the last closing. */
  failed(token: number, reason: string): number | undefined;
  /** The pause is over. */
  probe(): void;
};

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
const JITTER = 0.25;

/** The pause after that many failures in a row (≥ 1): 200 ms, doubling up to 5 s; jitter adds up to a quarter and never takes away. */
export function pauseAfterMs(failures: number, random: Random | undefined): number {
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 16));
  return pauseMs * (1 + JITTER * (random?.next() ?? 0));
}

export function createIntakeGate(random: Random | undefined): IntakeGate {
  let state: IntakeGate['state'] = 'open';
  let reason: string | undefined;
  let closings = 0;
  let failures = 0;
  let probing = false;
  return {
    get state() {
      return state;
    },
    get reason() {
      return reason;
    },
    mayStart: () => state === 'open' || (state === 'probing' && !probing),
    started() {
      if (state === 'probing') probing = true;
      return closings;
    },
    succeeded(token) {
      if (state === 'open' || token !== closings) return false;
      state = 'open';
      reason = undefined;
      failures = 0;
      probing = false;
      return true;
    },
    failed(token, why) {
      if (token !== closings) return undefined;
      state = 'closed';
      reason = why;
      closings++;
      failures++;
      probing = false;
      return pauseAfterMs(failures, random);
    },
    probe() {
      state = 'probing';
    },
  };
}
