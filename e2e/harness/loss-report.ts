import type { LossRunOptions } from './loss-run.ts';
import type { LossStock } from './loss-stock.ts';

export type LossRunReport = LossStock & {
  readonly accepted: number;
  readonly repeatedPosts: number;
  /** By kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** Records that a group had not finished when the time was up. Must be none. */
  readonly lag: Readonly<Record<string, number>>;
  /** Processes that ended by themselves. Must be none. */
  readonly died: readonly string[];
  /** Sends that were under way when a process of their group was hit or its partitions changed hands: as many may have been made twice. */
  readonly sendsUnderWay: number;
  /** Sends that were made again though their former one was under way at no such time. Must be 0. */
  readonly unexplainedRepeats: number;
  readonly acceptedPerSecond: number;
  /** From the last post to the end of all work. */
  readonly drainSeconds: number;
  /** By reason, of the processes that live at the end: what the gate kept from being sent or counted again. */
  readonly keptOutByGate: Readonly<Record<string, number>>;
  /** From the fault to the readiness of what it hit. */
  readonly recoveryMs: { readonly median: number; readonly max: number };
};

const ZEROS = [
  'missingInInbox',
  'repeatedInInbox',
  'inboxInversions',
  'lost',
  'unended',
  'undelivered',
  'endedOtherwise',
  'pushInversions',
  'staleResults',
  'unexplainedRepeats',
  'missingLive',
  'liveInversions',
  'duplicatesAfterDedupe',
  'unrecovered',
] as const satisfies readonly (keyof LossRunReport)[];

/** What the report says about promises that were not kept; empty when all were. */
export function brokenByFaults(
  report: LossRunReport,
  asked: Pick<LossRunOptions, 'notifications' | 'faults'>,
): string[] {
  const broken: string[] = [];
  const faults = Object.values(report.faults).reduce((sum, count) => sum + count, 0);
  if (faults < asked.faults) broken.push(`only ${faults} of ${asked.faults} faults`);
  if (report.accepted < asked.notifications) broken.push(`only ${report.accepted} notifications were accepted`);
  for (const [group, records] of Object.entries(report.lag)) broken.push(`${group} is ${records} records behind`);
  for (const how of report.died) broken.push(`ended by itself: ${how.split('\n', 1)[0]}`);
  for (const zero of ZEROS) if (report[zero] !== 0) broken.push(`${zero}: ${report[zero]} instead of 0`);
  const { duplicatesAtProviders, sendsUnderWay } = report;
  if (duplicatesAtProviders > sendsUnderWay)
    broken.push(`${duplicatesAtProviders} duplicates at providers are more than ${sendsUnderWay} sends under way`);
  return broken;
}
