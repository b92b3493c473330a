/** Randomness as a dependency, so that jitter and identifiers are reproducible in tests. */
export type Random = {
  /** A number in [0, 1). */
  next(): number;
  /** `length` unpredictable bytes; from a cryptographic source outside tests. */
  bytes(length: number): Uint8Array;
};
