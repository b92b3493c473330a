const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;
const ROTATE = 24;

/**
 * murmur2 as in Kafka's Java client (`org.apache.kafka.common.utils.Utils.murmur2`). Ours, so that a key lands in the same partition whichever
 * adapter appends it, and records that another Kafka client wrote with its default partitioner meet ours.
 */
export function murmur2(data: Uint8Array): number {
  const length = data.length;
  let hash = SEED ^ length;
  const blocks = length >>> 2;
  for (let block = 0; block < blocks; block++) {
    const at = block << 2;
    let word = byte(data, at) | (byte(data, at + 1) << 8) | (byte(data, at + 2) << 16) | (byte(data, at + 3) << 24);
    word = Math.imul(word, MULTIPLIER);
    word ^= word >>> ROTATE;
    word = Math.imul(word, MULTIPLIER);
    hash = Math.imul(hash, MULTIPLIER) ^ word;
  }
  const rest = blocks << 2;
  const left = length & 3;
  if (left === 3) hash ^= byte(data, rest + 2) << 16;
  if (left >= 2) hash ^= byte(data, rest + 1) << 8;
  if (left >= 1) {
    hash ^= byte(data, rest);
    hash = Math.imul(hash, MULTIPLIER);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MULTIPLIER);
  hash ^= hash >>> 15;
  return hash | 0;
}

function byte(data: Uint8Array, at: number): number {
  return data[at] ?? 0;
}

const encoder = new TextEncoder();

/** The partition of a key, as Kafka's default partitioner chooses it. `partitions` ≥ 1. */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(encoder.encode(key)) & 0x7fffffff) % partitions;
}
