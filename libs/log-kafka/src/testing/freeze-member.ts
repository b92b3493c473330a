import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { sleep } from '@belfry/core/clock';
import type { Log } from '@belfry/core/log';
import { realClock } from '@belfry/testing/real-clock';
import { openLog } from '../kafka-log.fixture.ts';

export type FreezeFigures = {
  /** Records that were committed when it woke up, and when it had committed all of them under its old generation. The second must be the first. */
  readonly committedBefore: number;
  readonly committedAfter: number;
  /** Whether it had heard, before it committed, that the group went on without it. Then it showed less. */
  readonly heardBefore: boolean;
  /** What the commit said to it, where it failed. It must not: nobody else can do anything about it. */
  readonly failure: string | undefined;
  /** Records that were left to it when the one that had taken over went, and those that it then read. The second must not be less. */
  readonly left: number;
  readonly readAgain: number;
};

type Said = {
  readonly handled?: number;
  readonly committed?: string;
  readonly failed?: string;
  readonly revokedBefore?: number;
};

const MEMBER = fileURLToPath(new URL('../frozen-member.fixture.ts', import.meta.url));
const CONSUME = { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 500 };
const RECORDS = 10;
/** What the one that took over commits while the other is frozen, and before it goes. */
const TAKEN_OVER = 4;
const LEFT_AT = 6;
const STUCK_MS = 60_000;
const LOOK_EVERY_MS = 20;

/**
 * A member of a group that is a process of its own has all records of a partition in its hands when it is frozen. Another one takes over and commits some of them, once
 * the first is past its session. When that has been frozen for `frozenMs`, it commits them all and continues. Rejects where something does not come about in a minute.
 */
export async function freezeMember(
  brokers: readonly string[],
  { frozenMs }: { readonly frozenMs: number },
): Promise<FreezeFigures> {
  const prefix = `${randomUUID()}.`;
  const log = await openLog(brokers, { prefix, consume: CONSUME });
  let member: ChildProcess | undefined;
  try {
    await log.ensureTopics([{ name: 'jobs', partitions: 1, retentionMs: 86_400_000, groups: ['readers'] }]);
    const values = Array.from({ length: RECORDS }, (_, count) => ({ key: 'k', value: Buffer.from(`${count}`) }));
    const offsets = (await log.append('jobs', values)).map(({ offset }) => offset);
    const after = (records: number): bigint => (offsets[records - 1] ?? 0n) + 1n;

    const frozen = fork(MEMBER, [brokers.join(','), prefix, 'readers', 'jobs']);
    member = frozen;
    const said: Said[] = [];
    frozen.on('message', (message: Said) => said.push(message));
    const handled = () => said.findLast((message) => message.handled !== undefined)?.handled ?? 0;
    await until('the member has the records', () => handled() === RECORDS);
    frozen.kill('SIGSTOP');
    const frozenAtMs = realClock.monotonicMs();

    let generation = -1;
    let taken = 0;
    const successor = await log.consume(
      { group: 'readers', logTopics: ['jobs'] },
      {
        onAssigned: (_, given) => {
          generation = given;
        },
        onBatch: (_partition, _generation, batch) => {
          taken += batch.length;
        },
        onRevoked: () => {},
      },
    );
    await until('the other one has taken over', () => taken === RECORDS);
    await successor.commit({ logTopic: 'jobs', partition: 0 }, generation, after(TAKEN_OVER));
    await sleep(realClock, Math.max(0, frozenAtMs + frozenMs - realClock.monotonicMs()));
    const committedBefore = await committed(log);

    // Waiting in its pipe when it wakes up: it commits before it has heard that the group went on.
    frozen.send({ next: String(after(RECORDS)) });
    frozen.kill('SIGCONT');
    const answer = () => said.find((message) => (message.committed ?? message.failed) !== undefined);
    await until('the member has committed', () => answer() !== undefined);
    const committedAfter = await committed(log);
    await successor.commit({ logTopic: 'jobs', partition: 0 }, generation, after(LEFT_AT));
    await successor.close();
    const left = RECORDS - LEFT_AT;
    await until('the member reads again', () => handled() >= RECORDS + left);
    const { failed, revokedBefore = 0 } = answer() ?? {};
    return {
      committedBefore,
      committedAfter,
      heardBefore: revokedBefore > 0,
      failure: failed,
      left,
      readAgain: handled() - RECORDS,
    };
  } finally {
    member?.kill('SIGKILL');
    await log.close();
  }
}

async function committed(log: Log): Promise<number> {
  const open = (await log.lag('readers')).reduce((sum, { records }) => sum + Number(records), 0);
  return RECORDS - open;
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const endMs = realClock.monotonicMs() + STUCK_MS;
  while (!isSo()) {
    if (realClock.monotonicMs() > endMs) throw new Error(`it did not come about within ${STUCK_MS} ms that ${what}`);
    await sleep(realClock, LOOK_EVERY_MS);
  }
}
