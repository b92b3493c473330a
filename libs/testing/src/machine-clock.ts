/** Milliseconds of the machine's monotonic clock, which all processes on it share: a moment taken in one can be compared with one taken in another. */
export function machineMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}
