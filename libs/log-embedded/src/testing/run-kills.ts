import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { LogRecord } from '@belfry/core/log';
import type { Random } from '@belfry/core/random';
import { readWholeLog } from './read-whole-log.ts';
import { type Acknowledged, faultsOf, parseAcks, WORKLOAD_TOPIC } from './workload.ts';

export type KillRunOptions = {
  readonly directory: string;
  readonly random: Random;
  readonly kills: number;
  /** Acknowledged over all processes, at least: where that is not reached, there are more kills. */
  readonly records: number;
};

export type KillReport = {
  readonly kills: number;
  readonly acknowledged: number;
  readonly stored: number;
  readonly faults: readonly string[];
  readonly slowestOpenMs: number;
};

const SEQUENCES_PER_RUN = 1_000_000;
/** About what one acknowledgement takes in the file of them. */
const ACK_BYTES = 20;

/** Kills a process that appends under load, again and again on the same log, and reads after each kill what it added. */
export async function runKills({ directory, random, kills, records: asked }: KillRunOptions): Promise<KillReport> {
  let faults: string[] = [];
  let acknowledged: Acknowledged[] = [];
  let slowestOpenMs = 0;
  let run = 0;
  for (; run < kills || acknowledged.length < asked; run++) {
    // Not before the first acknowledgement: the very first process would leave no topic to read.
    const killAt = 1 + Math.floor((random.next() * 2 * asked) / kills);
    const acks = await appendUntilKilled(directory, run * SEQUENCES_PER_RUN, killAt);
    // Not push(...): a process that was slow to be killed has given more than a call takes arguments.
    acknowledged = acknowledged.concat(acks);
    const reading = await readWholeLog({ directory, logTopic: WORKLOAD_TOPIC.name, group: 'reader', commit: true });
    if (reading.outcome !== 'read')
      return failed(`after kill ${run + 1}: ${reading.outcome}: ${reading.error.message}`);
    slowestOpenMs = Math.max(slowestOpenMs, reading.openMs);
    faults = faults.concat(faultsOf(reading.records, acks));
  }
  const whole = await readWholeLog({ directory, logTopic: WORKLOAD_TOPIC.name, group: 'reader-of-all' });
  let records: readonly LogRecord[] = [];
  if (whole.outcome === 'read') records = whole.records;
  else faults.push(`at the end: ${whole.outcome}: ${whole.error.message}`);
  faults = faults.concat(faultsOf(records, acknowledged));
  return { kills: run, acknowledged: acknowledged.length, stored: records.length, faults, slowestOpenMs };

  function failed(fault: string): KillReport {
    return { kills: run, acknowledged: acknowledged.length, stored: 0, faults: [...faults, fault], slowestOpenMs };
  }
}

async function appendUntilKilled(directory: string, firstSequence: number, killAt: number): Promise<Acknowledged[]> {
  const appender = fileURLToPath(new URL('./appender.ts', import.meta.url));
  const acks = join(directory, 'acks');
  writeFileSync(acks, '');
  const args = [appender, directory, acks, String(firstSequence), String(SEQUENCES_PER_RUN)];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  const exited = once(child, 'exit');
  while (child.exitCode === null && statSync(acks).size < killAt * ACK_BYTES) await delay(1);
  child.kill('SIGKILL');
  const [exitCode, signal] = await exited;
  if (signal !== 'SIGKILL') throw new Error(`the appender ended by itself with ${exitCode ?? signal}`);
  // A last line without its end was cut off by the kill: it was not given.
  return parseAcks(readFileSync(acks, 'utf8').split('\n').slice(0, -1));
}
