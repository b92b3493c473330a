import type { Cancel, Clock } from '@belfry/core/clock';
import { sleep } from '@belfry/core/clock';
import type { AppendedPosition } from '@belfry/core/log';
import { UnavailableError } from '@belfry/core/unavailable-error';
import type { RecordMetadata, TopicMessages } from 'kafkajs';
import { describeFailure } from './failure.ts';
import type { KafkaLogger } from './kafka-logger.ts';
import type { KafkaProducer } from './kafka-producer.ts';
import { type PackedPart, packSend, type SendLimits } from './pack-send.ts';
import type { PendingAppend } from './pending-append.ts';
import { classifySendFailure, maySendAgain } from './send-failure.ts';
import { confirmedPositions, toTopicMessages } from './send-request.ts';

export type AppendQueueOptions = {
  readonly producer: KafkaProducer;
  readonly clock: Clock;
  readonly logger: KafkaLogger;
  /** Longest wait of an append for its confirmation, waiting in line included. */
  readonly deadlineMs: number;
  /** Called when the broker does not know a topic; rejects where the topic is gone for good. */
  readonly onMissingTopic: (logTopic: string) => Promise<void>;
};

const LIMITS: SendLimits = { recordsPerPartition: 1_000, bytes: 8 * 1024 * 1024 };
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const RETRY_DELAYS_MS = [20, 100, 250, 500, 1_000];

/** What goes to the broker at once, and as it is again when nobody knows whether it is stored: until the first of its appends has run out of time. */
type Send = {
  readonly parts: readonly PackedPart[];
  readonly topicMessages: TopicMessages[];
  readonly againUntilMs: number;
};

type NewAppend = Pick<PendingAppend, 'logTopic' | 'kafkaTopic' | 'maxBatchBytes' | 'records'>;

/**
 * Appends in the order in which they were made, one send at a time; what waits meanwhile goes together into the next. That keeps the order of
 * a key, keeps sequence numbers from being used twice, and is what makes many small appends fast.
 */
export class AppendQueue {
  readonly #options: AppendQueueOptions;
  readonly #waiting = new Set<PendingAppend>();
  #waitingBytes = 0;
  #sending: Promise<void> | undefined;
  #cancelDeadline: Cancel | undefined;
  #lastFailure = '';

  constructor(options: AppendQueueOptions) {
    this.#options = options;
  }

  add(append: NewAppend): Promise<readonly AppendedPosition[]> {
    const bytes = append.records.reduce((sum, record) => sum + record.bytes, 0);
    if (this.#waiting.size > 0 && this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      const message = `${this.#waitingBytes} bytes of appends wait for the broker, the limit is ${MAX_WAITING_BYTES}`;
      return Promise.reject(new UnavailableError('log-unavailable', message));
    }
    return new Promise((resolve, reject) => {
      const deadlineMs = this.#options.clock.monotonicMs() + this.#options.deadlineMs;
      this.#waiting.add({
        ...append,
        bytes,
        deadlineMs,
        resolve,
        reject,
        positions: [],
        alone: false,
        settled: false,
      });
      this.#waitingBytes += bytes;
      this.#watchDeadline();
      // Begun in a microtask, so that all appends of one turn go into the first send.
      this.#sending ??= Promise.resolve().then(() => this.#sendAll());
    });
  }

  /** Resolves when everything that waits has its answer, at the latest at its deadline. */
  async close(): Promise<void> {
    await this.#sending;
    await this.#options.producer.close();
  }

  async #sendAll(): Promise<void> {
    let failures = 0;
    let again: Send | undefined;
    while (this.#waiting.size > 0) {
      const send = again ?? this.#nextSend();
      again = undefined;
      try {
        const metadata = await this.#options.producer.send(send.topicMessages);
        this.#confirm(send.parts, metadata);
        failures = 0;
      } catch (error) {
        await this.#handleFailure(send.parts, error, failures);
        failures++;
        if (maySendAgain(error) && this.#options.clock.monotonicMs() < send.againUntilMs) again = send;
      }
    }
    this.#sending = undefined;
  }

  #nextSend(): Send {
    const parts = packSend(this.#waiting, LIMITS);
    const againUntilMs = Math.min(...parts.map(({ append }) => append.deadlineMs));
    return { parts, topicMessages: toTopicMessages(parts), againUntilMs };
  }

  #confirm(parts: readonly PackedPart[], metadata: readonly RecordMetadata[]): void {
    const positions = confirmedPositions(parts, metadata);
    for (const [index, { append }] of parts.entries()) {
      append.positions.push(...(positions[index] ?? []));
      if (append.positions.length === append.records.length)
        this.#settle(append, () => append.resolve(append.positions));
    }
  }

  async #handleFailure(parts: readonly PackedPart[], error: unknown, failures: number): Promise<void> {
    this.#lastFailure = describeFailure(error);
    const kind = classifySendFailure(error);
    const appends = parts.map(({ append }) => append);
    this.#options.logger.warn({ kind, appends: appends.length, failures }, `an append failed: ${this.#lastFailure}`);
    if (kind === 'refused' || kind === 'forbidden') {
      const [only] = appends;
      if (only === undefined || appends.length > 1) return appends.forEach(setAlone);
      const message = `the broker does not take this append to ${only.logTopic}: ${this.#lastFailure}`;
      const refusal =
        kind === 'refused'
          ? new RangeError(message, { cause: error })
          : new UnavailableError('log-unavailable', message, { cause: error });
      return this.#settle(only, () => only.reject(refusal));
    }
    if (kind === 'missing-topic') await this.#rejectMissing(appends);
    await sleep(this.#options.clock, RETRY_DELAYS_MS[Math.min(failures, RETRY_DELAYS_MS.length - 1)] ?? 0);
  }

  async #rejectMissing(appends: readonly PendingAppend[]): Promise<void> {
    for (const logTopic of new Set(appends.map((append) => append.logTopic))) {
      try {
        await this.#options.onMissingTopic(logTopic);
      } catch (error) {
        if (!(error instanceof RangeError)) continue;
        for (const append of this.#waiting) {
          if (append.logTopic === logTopic) this.#settle(append, () => append.reject(error));
        }
      }
    }
  }

  #settle(append: PendingAppend, answer: () => void): void {
    if (append.settled) return;
    append.settled = true;
    this.#waiting.delete(append);
    this.#waitingBytes -= append.bytes;
    answer();
    if (this.#waiting.size === 0) {
      this.#cancelDeadline?.();
      this.#cancelDeadline = undefined;
    }
  }

  /** One timer for all: deadlines come in the order of the line. */
  #watchDeadline(): void {
    const [first] = this.#waiting;
    if (this.#cancelDeadline !== undefined || first === undefined) return;
    const { clock } = this.#options;
    this.#cancelDeadline = clock.schedule(Math.max(1, first.deadlineMs - clock.monotonicMs()), () => {
      this.#cancelDeadline = undefined;
      for (const append of this.#waiting) {
        if (append.deadlineMs > clock.monotonicMs()) break;
        const detail = this.#lastFailure === '' ? '' : `; the last failure was: ${this.#lastFailure}`;
        const message = `the broker did not confirm within ${this.#options.deadlineMs} ms${detail}`;
        this.#settle(append, () => append.reject(new UnavailableError('log-unavailable', message)));
      }
      this.#watchDeadline();
    });
  }
}

function setAlone(append: PendingAppend): void {
  append.alone = true;
}
