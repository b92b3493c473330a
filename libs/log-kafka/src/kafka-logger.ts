import kafkajs, { type logCreator } from 'kafkajs';

/** Where the adapter reports; a pino logger fits. */
export type KafkaLogger = {
  info(facts: Readonly<Record<string, unknown>>, message: string): void;
  warn(facts: Readonly<Record<string, unknown>>, message: string): void;
  error(facts: Readonly<Record<string, unknown>>, message: string): void;
};

/** Said by the client each time a partition is paused or resumed, which is how a busy worker breathes. */
const BREATHING = /^(Pausing|Resuming) fetching from /;

/** Said by the client for every idempotent producer that gives up some day; ours does so on purpose and makes a new one. */
const DELIBERATE = 'Limiting retries for the idempotent producer';

/**
 * Passes the client's lines on. What it calls an error is a failed attempt: the failure itself reaches us as a rejection, so it is a warning here.
 * Debug lines are dropped even where `KAFKAJS_LOG_LEVEL` asks for them, because they carry payloads and SASL exchanges.
 */
export function toLogCreator(logger: KafkaLogger): logCreator {
  return () => {
    return ({ namespace, level, log }) => {
      const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...facts } = log;
      if (level > kafkajs.logLevel.INFO || message.startsWith(DELIBERATE) || BREATHING.test(message)) return;
      const line = `kafka ${namespace}: ${message}${typeof log.error === 'string' ? `: ${log.error}` : ''}`;
      if (level <= kafkajs.logLevel.WARN) logger.warn(facts, line);
      else logger.info(facts, line);
    };
  };
}
