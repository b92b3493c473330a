import { describe, expect, it } from 'vitest';
import { judgeNotes, type WorkerLife } from './judge-notes.ts';
import { brokenByWorkerFaults, type WorkerFaultFigures } from './run-worker-faults.ts';
import type { Note } from './worker-notes.ts';

/** Three records of one key at the offsets 0 to 2 of partition 0. */
const RECORDS = {
  keys: Uint32Array.of(7, 7, 7),
  partitions: Uint16Array.of(0, 0, 0),
  offsets: Uint32Array.of(0, 1, 2),
};

type Event = readonly [kind: Note['kind'], value: number, atMs: number];
const lived = (events: readonly Event[], end: Omit<WorkerLife, 'notes'> = {}): WorkerLife => ({
  notes: events.map(([kind, value, atMs]) => ({ kind, partition: 0, value, atMs })),
  ...end,
});
const handled = (number: number, fromMs: number, toMs: number): Event[] => [
  ['started', number, fromMs],
  ['finished', number, toMs],
];
const judged = (...lives: WorkerLife[]) => judgeNotes(RECORDS, lives);

describe('the notes of workers', () => {
  it('say nothing against one that has everything in order', () => {
    const events: Event[] = [['assigned', 0, 1], ...handled(0, 2, 3), ...handled(1, 3, 5), ...handled(2, 5, 6)];
    expect(judged(lived([...events, ['committed', 3, 7]]))).toEqual({
      records: 3,
      starts: 3,
      lost: 0,
      inversions: 0,
      earlyCommits: 0,
      unexplained: 0,
      commits: 1,
      assignments: 1,
      repeats: { ofKilled: 0, mostOfOneKilled: 0, ofLeft: 0, ofLiving: 0 },
    });
  });

  it.each<[string, Partial<ReturnType<typeof judgeNotes>>, Event[]]>([
    ['one that nobody finished', { lost: 1 }, [['started', 0, 2], ...handled(1, 3, 5), ...handled(2, 5, 6)]],
    ['ones that nobody started', { lost: 2, inversions: 0 }, handled(0, 2, 3)],
    ['a start before the end of the one before', { inversions: 1 }, [...handled(0, 2, 4), ...handled(1, 3, 5)]],
    ['a start though the one before has no end', { inversions: 1 }, [['started', 0, 2], ...handled(1, 3, 5)]],
    ['a commit of what is unfinished', { earlyCommits: 1 }, [...handled(0, 2, 4), ['committed', 1, 3]]],
    ['a commit beyond what is unfinished', { earlyCommits: 1 }, [...handled(1, 2, 3), ['committed', 2, 4]]],
    ['a commit of what is finished', { earlyCommits: 0 }, [...handled(0, 2, 3), ['committed', 1, 4]]],
    ['one twice without interruption', { unexplained: 1 }, [...handled(0, 2, 3), ...handled(0, 4, 5)]],
    [
      'one twice over an interruption',
      { unexplained: 0 },
      [...handled(0, 2, 3), ['assigned', 0, 3], ['started', 0, 4]],
    ],
  ])('show %s', (_, figures, events) => {
    expect(judged(lived([['assigned', 0, 1], ...events]))).toMatchObject(figures);
  });

  it.each<[string, Omit<WorkerLife, 'notes'>, object]>([
    ['killed', { killedMs: 4 }, { ofKilled: 2, mostOfOneKilled: 2, ofLeft: 0, ofLiving: 0 }],
    ['killed later', { killedMs: 40 }, { ofKilled: 0, mostOfOneKilled: 0, ofLeft: 0, ofLiving: 2 }],
    ['gone in good order', { leftMs: 4 }, { ofKilled: 0, mostOfOneKilled: 0, ofLeft: 2, ofLiving: 0 }],
    ['there to the end', {}, { ofKilled: 0, mostOfOneKilled: 0, ofLeft: 0, ofLiving: 2 }],
  ])('count what a process had started that was %s', (_, end, repeats) => {
    const first = lived([['assigned', 0, 1], ...handled(0, 2, 3), ['started', 1, 3]], end);
    const second = lived([['assigned', 0, 5], ...handled(0, 6, 7), ...handled(1, 7, 8), ...handled(2, 8, 9)]);
    // The order in which lives are given does not matter.
    for (const lives of [
      [first, second],
      [second, first],
    ])
      expect(judged(...lives)).toMatchObject({ lost: 0, inversions: 0, unexplained: 0, starts: 5, repeats });
  });

  it('know nothing of other records, or of partitions that were not given', () => {
    expect(() =>
      judged(
        lived([
          ['assigned', 0, 1],
          ['started', 3, 2],
        ]),
      ),
    ).toThrow('no record 3');
    expect(() => judged(lived([['started', 0, 2]]))).toThrow('was not given');
  });
});

describe('what the figures break', () => {
  const asked = { records: 1_000, kills: 2, rebalances: 1 };
  const kept: WorkerFaultFigures = {
    ...asked,
    starts: 1_300,
    lost: 0,
    inversions: 0,
    earlyCommits: 0,
    unexplained: 0,
    commits: 50,
    assignments: 40,
    repeats: { ofKilled: 200, mostOfOneKilled: 120, ofLeft: 0, ofLiving: 100 },
    inFlightCap: 100,
    seconds: 1,
  };

  it.each<[Partial<WorkerFaultFigures>, string[]]>([
    [{}, []],
    [{ lost: 1 }, ['lost: 1 instead of 0']],
    [{ inversions: 2, earlyCommits: 3 }, ['inversions: 2 instead of 0', 'earlyCommits: 3 instead of 0']],
    [{ unexplained: 1 }, ['unexplained: 1 instead of 0']],
    [{ records: 999 }, ['only 999 of 1000 records']],
    [{ kills: 1, repeats: { ...kept.repeats, ofKilled: 100 } }, ['only 1 of 2 kills']],
    [{ rebalances: 0 }, ['only 0 of 1 rebalances']],
    [{ repeats: { ...kept.repeats, ofKilled: 201 } }, ['201 repeats of killed workers are more than 200 in flight']],
    [{ repeats: { ...kept.repeats, ofLeft: 101 } }, ['101 repeats of leaving workers are more than 100 in flight']],
  ])('%j', (changed, broken) => {
    expect(brokenByWorkerFaults({ ...kept, ...changed }, asked)).toEqual(broken);
  });
});
