import { setTimeout as pause } from 'node:timers/promises';
import { machineMs } from '@belfry/testing/machine-clock';

export type PacedSends = {
  /** From each send to its answer. */
  readonly answeredMs: readonly number[];
  /** How far each send was behind its timetable. */
  readonly lateMs: readonly number[];
};

/** Sends at a steady rate, each at its time whether earlier ones are answered or not. Resolves when all are. */
export async function sendPaced(
  rate: number,
  seconds: number,
  send: (index: number, sentMs: number) => Promise<unknown>,
): Promise<PacedSends> {
  const answeredMs: number[] = [];
  const lateMs: number[] = [];
  const underWay: Promise<void>[] = [];
  const startedMs = machineMs();
  while (underWay.length < rate * seconds) {
    const dueMs = startedMs + (underWay.length * 1_000) / rate;
    const sentMs = machineMs();
    if (sentMs < dueMs) {
      // Rounded up to whole milliseconds: a sender that looks all the time takes the processor from what it measures.
      await pause(Math.ceil(dueMs - sentMs));
      continue;
    }
    lateMs.push(sentMs - dueMs);
    underWay.push(send(underWay.length, sentMs).then(() => void answeredMs.push(machineMs() - sentMs)));
  }
  await Promise.all(underWay);
  return { answeredMs, lateMs };
}
