import type { KafkaMessage } from 'kafkajs';

/** Records of one batch, where reading goes on after them, and the bytes of their keys and values. */
export type HeldBatch = { readonly messages: readonly KafkaMessage[]; readonly next: bigint; readonly bytes: number };

/** What was fetched of a partition while its reader had it paused, oldest first. */
export type HeldBatches = {
  readonly isEmpty: boolean;
  /** Keys and values. */
  readonly bytes: number;
  add(messages: readonly KafkaMessage[], next: bigint): void;
  take(): HeldBatch | undefined;
  clear(): void;
};

export function createHeldBatches(): HeldBatches {
  const held: HeldBatch[] = [];
  let bytes = 0;
  return {
    get isEmpty() {
      return held.length === 0;
    },
    get bytes() {
      return bytes;
    },
    add(messages, next) {
      const batch = { messages, next, bytes: bytesOf(messages) };
      held.push(batch);
      bytes += batch.bytes;
    },
    take() {
      const first = held.shift();
      bytes -= first?.bytes ?? 0;
      return first;
    },
    clear() {
      held.length = 0;
      bytes = 0;
    },
  };
}

function bytesOf(messages: readonly KafkaMessage[]): number {
  let bytes = 0;
  for (const { key, value } of messages) bytes += (key?.length ?? 0) + (value?.length ?? 0);
  return bytes;
}
