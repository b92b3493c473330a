import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * Log lines are JSON objects with ids and counts. Never a body, a token, a key, an address of a device or a path of a push endpoint: what is
 * worth knowing about a notification is in its ledger, found by the id in the line.
 */
export type Logger = PinoLogger;

export type LoggerOptions = {
  readonly level: LogLevel;
  /** Appears in every line; the service's name. */
  readonly name?: string;
  /** Where lines go; standard output by default. */
  readonly destination?: DestinationStream;
};

/** The last line of defence: these names are never meant to be logged, and a mistake must not print what is in them. */
const SECRET_NAMES = [
  'authorization',
  'cookie',
  'token',
  'ticket',
  'secret',
  'password',
  'apiKey',
  'auth',
  'p256dh',
  'endpoint',
];

export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      base: options.name === undefined ? {} : { name: options.name },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    },
    ...(options.destination === undefined ? [] : [options.destination]),
  );
}
