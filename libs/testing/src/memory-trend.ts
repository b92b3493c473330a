export type MemoryTrend = {
  /** Medians of the quarters of the run, in MiB of resident memory. */
  readonly quartersMiB: {
    readonly first: number;
    readonly second: number;
    readonly third: number;
    readonly last: number;
  };
  readonly maxMiB: number;
  /** From the third quarter to the fourth. A process that keeps what it should let go grows there as it does everywhere; one that warms up has done so. */
  readonly lateGrowthMiB: number;
};

export type MemoryWatch = {
  /** Stops looking. */
  stop(): MemoryTrend;
};

const MEBIBYTE = 1_048_576;

/** Looks at this process's resident memory. */
export function watchMemory(everyMs = 500): MemoryWatch {
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(process.memoryUsage.rss()), everyMs);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      return memoryTrend(samples);
    },
  };
}

/** Of samples in bytes, in the order in which they were taken. */
export function memoryTrend(samples: readonly number[]): MemoryTrend {
  const quarter = (index: number): number => {
    const [from, to] = [index, index + 1].map((part) => Math.floor((samples.length * part) / 4));
    const sorted = samples.slice(from, to).toSorted((a, b) => a - b);
    return Math.round((sorted[sorted.length >> 1] ?? 0) / MEBIBYTE);
  };
  const quartersMiB = { first: quarter(0), second: quarter(1), third: quarter(2), last: quarter(3) };
  const maxMiB = Math.round(samples.reduce((max, sample) => Math.max(max, sample), 0) / MEBIBYTE);
  return { quartersMiB, maxMiB, lateGrowthMiB: quartersMiB.last - quartersMiB.third };
}
