/** One accepted message. `M` is what the provider makes of it: decrypted payload and headers, or an FCM message. */
export type Received<M> = M & { readonly target: string; readonly atMs: number };

export type ProviderEvent<M> =
  | {
      readonly kind: 'accepted';
      readonly target: string;
      readonly atMs: number;
      /** When the request had been read; a slow provider accepts later. */
      readonly arrivedAtMs: number;
      readonly message: Received<M>;
    }
  /** Answered with another status than success. */
  | {
      readonly kind: 'refused';
      readonly target: string;
      readonly atMs: number;
      readonly status: number;
      readonly reason: string;
    }
  /** Not answered: hang, reset, half-close, GOAWAY. */
  | { readonly kind: 'dropped'; readonly target: string; readonly atMs: number; readonly how: string };

export type RequestCounters = {
  readonly requests: number;
  readonly accepted: number;
  readonly refused: number;
  readonly dropped: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<number, number>>;
};

export type Recorder<M> = {
  arrived(): void;
  note(event: ProviderEvent<M>): void;
  /** Accepted messages in order of acceptance, of one target or of all; at most the last `keep` of them. */
  received(target?: string): readonly Received<M>[];
  counters(): RequestCounters;
  /** Calls `listener` with every event from now on; returns how to stop. */
  listen(listener: (event: ProviderEvent<M>) => void): () => void;
  /** Forgets messages and counters, keeps listeners. */
  clear(): void;
};

/** `keep`: how many accepted messages are held in memory; older ones are forgotten. Default 100,000. */
export function createRecorder<M>(keep = 100_000): Recorder<M> {
  let messages: Received<M>[] = [];
  let requests = 0;
  let accepted = 0;
  let refused = 0;
  let dropped = 0;
  let statuses: Record<number, number> = {};
  const listeners = new Set<(event: ProviderEvent<M>) => void>();

  return {
    arrived() {
      requests += 1;
    },
    note(event) {
      if (event.kind === 'accepted') {
        accepted += 1;
        messages.push(event.message);
        // Cut in blocks, so that keeping the bound does not cost a copy per message.
        if (messages.length >= keep * 2) messages = messages.slice(-keep);
      } else if (event.kind === 'refused') {
        refused += 1;
        statuses[event.status] = (statuses[event.status] ?? 0) + 1;
      } else {
        dropped += 1;
      }
      for (const listener of listeners) listener(event);
    },
    received(target) {
      const kept = messages.length > keep ? messages.slice(-keep) : messages;
      return target === undefined ? [...kept] : kept.filter((message) => message.target === target);
    },
    counters: () => ({ requests, accepted, refused, dropped, statuses: { ...statuses } }),
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    clear() {
      messages = [];
      requests = accepted = refused = dropped = 0;
      statuses = {};
    },
  };
}
