import type { Clock } from '@belfry/core/clock';
import type { Outcome } from '@belfry/core/outcome';

export type BreakerOptions = {
  readonly clock: Clock;
  /** While a host is open, one attempt is let through in each such interval. Milliseconds, default 10,000. */
  readonly probeIntervalMs?: number;
  /** Deliveries per second that wait for an open host are released at this rate once it answers again; default 100. */
  readonly releasePerSecond?: number;
  /** A host was given up on, or answers again; in both cases with why it was given up on. */
  readonly onChange?: (host: string, open: boolean, cause: BreakerCause) => void;
};

/** `failing`: the host itself fails. `refusing`: it refuses our credentials or our project. */
export type BreakerCause = 'failing' | 'refusing';

export type Admission = { readonly kind: 'go' } | { readonly kind: 'wait'; readonly dueInMs: number };

export type HostBreaker = {
  /** May this host be sent to now? A probe that is let through must be reported with `record`. */
  admit(host: string): Admission;
  /** For a delivery that waits whatever the host is like: milliseconds until it may come back, its turn among those that wait; 0 while the host is well. */
  hold(host: string): number;
  /** For a delivery that a host at its limit has no place for: milliseconds until it may come back, its turn among those. */
  putOff(host: string): number;
  /** `recipient`: whom the attempt was for, unique over all tenants. */
  record(host: string, outcome: Outcome, recipient: string): void;
  isOpen(host: string): boolean;
};

const WINDOW = 20;
const FAILURE_SHARE = 0.5;
const CONSECUTIVE_TIMEOUTS = 5;
/** Recipients in a row of whom each may be the reason why we are refused: one alone, however many devices they register, holds nobody else back. */
const REFUSED_RECIPIENTS = 5;
const PROBE_INTERVAL_MS = 10_000;
const RELEASE_PER_SECOND = 100;
/** What a host has no place for comes back after this, at this rate: its limit protects it, so the rate need only spare the store. */
const PUT_OFF_MS = 5_000;
const PUT_OFF_SPACING_MS = 1;
/** Hosts remembered. Subdomains of an allowed push service are the client's choice, so their number must not be. */
const MAX_HOSTS = 10_000;

type OpenState = {
  readonly cause: BreakerCause;
  readonly nextProbeAtMs: number;
  /** How many deliveries were told to wait since the last probe: spreads their return. */
  waiting: number;
};

type HostState = {
  /** The last outcomes, true for a failure of the host. */
  recent: boolean[];
  timeouts: number;
  /** Recipients whose last attempt was refused, perhaps because of our set-up, since the host last took anything. */
  refused: Set<string>;
  /** Set while the breaker is open. */
  open: OpenState | undefined;
  /** When those come back that were put off last, and how many they are. */
  backFromMs: number;
  putOff: number;
};

const UNKNOWN_HOST = { timeouts: 0, open: undefined, backFromMs: 0, putOff: 0 } as const;

/**
 * A breaker per provider host. It opens when half of the last 20 attempts failed because of the host, or 5 in a row timed out; at once when the host refuses our credentials, so
 * that a mistake there costs a few dead letters and not the whole backlog, and after 5 recipients in a row where it may be theirs. While it is open, one probe goes through per
 * interval and everything else waits in timers with its attempt unchanged. The first success closes it. It never pauses a partition: other hosts flow on.
 */
export function createHostBreaker(options: BreakerOptions): HostBreaker {
  const { clock } = options;
  const probeIntervalMs = options.probeIntervalMs ?? PROBE_INTERVAL_MS;
  const spacingMs = 1_000 / (options.releasePerSecond ?? RELEASE_PER_SECOND);
  const hosts = new Map<string, HostState>();

  const stateOf = (host: string): HostState => {
    const state = hosts.get(host) ?? { ...UNKNOWN_HOST, recent: [], refused: new Set() };
    // Moved to the end: the first of the map is the one unused longest.
    hosts.delete(host);
    hosts.set(host, state);
    const [oldest] = hosts.keys();
    if (hosts.size > MAX_HOSTS && oldest !== undefined) hosts.delete(oldest);
    return state;
  };

  const openUntilProbe = (cause: BreakerCause): OpenState => ({
    cause,
    nextProbeAtMs: clock.monotonicMs() + probeIntervalMs,
    waiting: 0,
  });

  const hold = (host: string): number => {
    const { open } = stateOf(host);
    if (open === undefined) return 0;
    open.waiting++;
    const untilProbeMs = Math.max(0, open.nextProbeAtMs - clock.monotonicMs());
    return Math.ceil(untilProbeMs + open.waiting * spacingMs);
  };

  return {
    hold,
    putOff(host) {
      const state = stateOf(host);
      const nowMs = clock.monotonicMs();
      if (nowMs >= state.backFromMs) {
        state.backFromMs = nowMs + PUT_OFF_MS;
        state.putOff = 0;
      }
      state.putOff++;
      return Math.max(hold(host), Math.ceil(state.backFromMs - nowMs + state.putOff * PUT_OFF_SPACING_MS));
    },
    admit(host) {
      const state = stateOf(host);
      if (state.open === undefined) return { kind: 'go' };
      if (clock.monotonicMs() < state.open.nextProbeAtMs) return { kind: 'wait', dueInMs: hold(host) };
      state.open = openUntilProbe(state.open.cause);
      return { kind: 'go' };
    },
    record(host, outcome, recipient) {
      // Ended before the host was asked: that says nothing about it.
      if (outcome.kind === 'expired' || outcome.kind === 'superseded') return;
      const state = stateOf(host);
      const failed = isHostFailure(outcome);
      const fault = outcome.kind === 'rejected' ? outcome.fault : undefined;
      if (state.open !== undefined) {
        const { cause } = state.open;
        if (failed || fault === 'setup' || (fault === 'perhaps-setup' && cause === 'refusing')) return;
        hosts.delete(host);
        options.onChange?.(host, false, cause);
        return;
      }
      state.timeouts = outcome.kind === 'unknown' ? state.timeouts + 1 : 0;
      if (fault !== undefined) state.refused.add(recipient);
      else if (!failed) state.refused.clear();
      state.recent.push(failed);
      if (state.recent.length > WINDOW) state.recent.shift();
      const cause = fault === 'setup' ? 'refusing' : causeToOpen(state);
      if (cause === undefined) return;
      state.open = openUntilProbe(cause);
      options.onChange?.(host, true, cause);
    },
    isOpen: (host) => hosts.get(host)?.open !== undefined,
  };
}

function causeToOpen({ recent, timeouts, refused }: HostState): BreakerCause | undefined {
  if (refused.size >= REFUSED_RECIPIENTS) return 'refusing';
  const failures = recent.filter(Boolean).length;
  const halfFailed = recent.length === WINDOW && failures >= WINDOW * FAILURE_SHARE;
  return halfFailed || timeouts >= CONSECUTIVE_TIMEOUTS ? 'failing' : undefined;
}

/** A throttled answer says that the host is well and we are too quick; a rejected one that the request is wrong. Neither is the host failing. */
function isHostFailure(outcome: Outcome): boolean {
  return outcome.kind === 'unknown' || (outcome.kind === 'retry' && !outcome.reason.endsWith('throttled'));
}
