import type { Note } from './worker-notes.ts';

/** The records by their number, which counts up in the order of appending, of each key too. Offsets of a partition count up from 0. */
export type NumberedRecords = {
  readonly keys: Uint32Array;
  readonly partitions: Uint16Array;
  readonly offsets: Uint32Array;
};

/** One process, from its start to its end. Times are of the machine's clock. */
export type WorkerLife = {
  readonly notes: Iterable<Note>;
  /** When it was sent `SIGKILL`, or `SIGTERM`. Neither where it lived to the end. */
  readonly killedMs?: number;
  readonly leftMs?: number;
};

export type NoteFigures = {
  readonly records: number;
  readonly starts: number;
  /** Never finished. Must be 0. */
  readonly lost: number;
  /** First started before the one before it of the same key was first finished. Must be 0. */
  readonly inversions: number;
  /** Commits beyond a record that nobody had finished. Must be 0. */
  readonly earlyCommits: number;
  /** Started twice by one process that had the partition without interruption. Must be 0. */
  readonly unexplained: number;
  readonly commits: number;
  /** Times that a partition was given to a process. */
  readonly assignments: number;
  /** Starts beyond the first of a record, by how the assignment ended under which it had been started before. */
  readonly repeats: {
    readonly ofKilled: number;
    /** Of the killed process with the most. */
    readonly mostOfOneKilled: number;
    /** Of those that left in good order: finished, but beyond a record that they had not started. */
    readonly ofLeft: number;
    /** Of those that went on: the partition was given out again because others came, went or were killed. */
    readonly ofLiving: number;
  };
};

/** One assignment of a partition to a process. It ends with the next one of the partition, to whomever. */
type Tenure = { readonly life: WorkerLife; readonly partition: number; readonly fromMs: number; toMs: number };

const NEVER = Number.POSITIVE_INFINITY;

/** What the notes of all processes together say about every record. */
export function judgeNotes(records: NumberedRecords, lives: readonly WorkerLife[]): NoteFigures {
  const count = records.keys.length;
  const firstStarts = new Float64Array(count).fill(NEVER);
  const firstFinishes = new Float64Array(count).fill(NEVER);
  const starts: { readonly number: number; readonly tenure: number; readonly atMs: number }[] = [];
  const commits: Note[] = [];
  const allTenures: Tenure[] = [];

  for (const life of lives) {
    const tenures = new Map<number, number>();
    for (const note of life.notes) {
      const { kind, partition, value, atMs } = note;
      if (kind === 'assigned')
        tenures.set(partition, allTenures.push({ life, partition, fromMs: atMs, toMs: NEVER }) - 1);
      else if (kind === 'committed') commits.push(note);
      else if (value >= count) throw new Error(`there is no record ${value}`);
      else if (kind === 'finished') firstFinishes[value] = Math.min(firstFinishes[value] ?? NEVER, atMs);
      else {
        const tenure = tenures.get(partition);
        if (tenure === undefined) throw new Error(`record ${value} of partition ${partition}, which was not given`);
        firstStarts[value] = Math.min(firstStarts[value] ?? NEVER, atMs);
        starts.push({ number: value, tenure, atMs });
      }
    }
  }

  return {
    records: count,
    starts: starts.length,
    lost: firstFinishes.reduce((sum, atMs) => sum + (atMs === NEVER ? 1 : 0), 0),
    inversions: countInversions(records.keys, firstStarts, firstFinishes),
    earlyCommits: countEarly(records, firstFinishes, commits),
    commits: commits.length,
    assignments: allTenures.length,
    ...countRepeats(),
  };

  function countRepeats(): Pick<NoteFigures, 'unexplained' | 'repeats'> {
    const lastTenures = new Int32Array(count).fill(-1);
    const ofKilled = new Map<WorkerLife, number>();
    let [ofLeft, ofLiving, unexplained] = [0, 0, 0];
    setEnds(allTenures);
    for (const { number, tenure } of starts.sort((a, b) => a.atMs - b.atMs)) {
      const before = lastTenures[number] ?? -1;
      lastTenures[number] = tenure;
      const ended = allTenures[before];
      if (ended === undefined) continue;
      if (before === tenure) unexplained++;
      const { life, toMs } = ended;
      if ((life.killedMs ?? NEVER) < toMs) ofKilled.set(life, (ofKilled.get(life) ?? 0) + 1);
      else if ((life.leftMs ?? NEVER) < toMs) ofLeft++;
      else ofLiving++;
    }
    const counts = [...ofKilled.values()];
    const total = counts.reduce((sum, each) => sum + each, 0);
    return {
      unexplained,
      repeats: { ofKilled: total, mostOfOneKilled: Math.max(0, ...counts), ofLeft, ofLiving },
    };
  }
}

function setEnds(tenures: readonly Tenure[]): void {
  const last = new Map<number, Tenure>();
  for (const tenure of tenures.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const before = last.get(tenure.partition);
    if (before !== undefined) before.toMs = tenure.fromMs;
    last.set(tenure.partition, tenure);
  }
}

function countInversions(keys: Uint32Array, firstStarts: Float64Array, firstFinishes: Float64Array): number {
  const previous = new Map<number, number>();
  let inversions = 0;
  for (const [number, key] of keys.entries()) {
    const before = previous.get(key);
    previous.set(key, number);
    if (before === undefined || firstStarts[number] === NEVER) continue;
    if ((firstStarts[number] ?? NEVER) < (firstFinishes[before] ?? NEVER)) inversions++;
  }
  return inversions;
}

function countEarly(records: NumberedRecords, firstFinishes: Float64Array, commits: readonly Note[]): number {
  /** By partition and offset: when all up to it were finished. */
  const finishedTo = new Map<number, number[]>();
  for (const [number, partition] of records.partitions.entries()) {
    const times = finishedTo.get(partition) ?? [];
    finishedTo.set(partition, times);
    times[records.offsets[number] ?? 0] = firstFinishes[number] ?? NEVER;
  }
  for (const times of finishedTo.values()) {
    for (const [offset, atMs] of times.entries()) times[offset] = Math.max(times[offset - 1] ?? 0, atMs);
  }
  return commits.filter(
    ({ partition, value, atMs }) => value > 0 && (finishedTo.get(partition)?.[value - 1] ?? NEVER) > atMs,
  ).length;
}
