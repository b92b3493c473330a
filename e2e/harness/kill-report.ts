import type { KillRunOptions } from './kill-run.ts';

export type KillRunReport = {
  readonly kills: number;
  readonly accepted: number;
  readonly repeatedPosts: number;
  /** 202 but unknown to the ledger, or without a delivery to the user's device. Must be 0. */
  readonly lost: number;
  /** 202 but without an end in time. Must be 0. */
  readonly unended: number;
  /** Push deliveries that came to an end which their device does not explain. Must be 0. */
  readonly endedOtherwise: number;
  /** Delivered as the ledger says, but the provider has not seen them. Must be 0. */
  readonly undelivered: number;
  /** Live clients that were not shown what was accepted for their user, in that order. Must be 0. */
  readonly inversions: number;
  readonly missingLive: number;
  /** Shown more than once by the SDK. Must be 0. */
  readonly duplicatesAfterDedupe: number;
  readonly duplicatesOnTheWire: number;
  /** Reconnects that were told that history does not reach back to their cursor. Must be 0. */
  readonly unrecovered: number;
  /** What devices got more than once: sends that were under way at a kill. */
  readonly duplicatesAtProviders: number;
  readonly sendsAtProviders: number;
  /** Delivered after an attempt that had failed: their timers were kept over the kills. */
  readonly retriedThenDelivered: number;
  readonly restartMs: { readonly median: number; readonly max: number };
  /** Deliveries by channel and state, after the attempts of those that had more than one. */
  readonly states: Readonly<Record<string, number>>;
};

/** In milliseconds, from a kill to ready. */
export type RestartLimit = { readonly of: 'median' | 'max'; readonly ms: number };

const ZEROS = [
  'lost',
  'unended',
  'endedOtherwise',
  'undelivered',
  'inversions',
  'missingLive',
  'duplicatesAfterDedupe',
  'unrecovered',
] as const satisfies readonly (keyof KillRunReport)[];

/** What would make the run prove less if it did not occur. */
const OCCURRING = [
  'webpush delivered',
  'webpush dead-lettered',
  'webpush expired',
  'fcm delivered',
  'fcm dead-lettered',
];

/** At most what one process may have under way with the providers. */
const SENDS_UNDER_WAY = 256;

/** What the report says about promises that were not kept; empty when all were. */
export function brokenByKills(
  report: KillRunReport,
  asked: Pick<KillRunOptions, 'kills' | 'notifications'>,
  restart: RestartLimit,
): string[] {
  const broken: string[] = [];
  if (report.kills < asked.kills) broken.push(`only ${report.kills} of ${asked.kills} kills`);
  if (report.accepted < asked.notifications) broken.push(`only ${report.accepted} notifications were accepted`);
  for (const zero of ZEROS) if (report[zero] !== 0) broken.push(`${zero}: ${report[zero]} instead of 0`);
  for (const state of OCCURRING) if (!report.states[state]) broken.push(`no delivery ended as ${state}`);
  if (report.retriedThenDelivered === 0) broken.push('nothing was delivered by a retry');
  if (report.duplicatesAtProviders > SENDS_UNDER_WAY * report.kills)
    broken.push(`${report.duplicatesAtProviders} duplicates at providers are more than were under way at the kills`);
  const restartMs = report.restartMs[restart.of];
  if (restartMs >= restart.ms) broken.push(`ready only ${restartMs} ms after a kill (${restart.of})`);
  return broken;
}
