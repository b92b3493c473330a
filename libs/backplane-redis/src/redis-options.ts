import type { Clock } from '@belfry/core/clock';
import type { Random } from '@belfry/core/random';

/** Lines with counts and reasons; never the URL, which may hold a password. */
export type BackplaneLogger = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
};

/** PEM texts, as `node:tls` takes them. */
export type RedisTlsOptions = {
  /** Trusted instead of the well-known authorities. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** False accepts any certificate. */
  readonly rejectUnauthorized?: boolean;
};

export type RedisBackplaneOptions = {
  /** `redis://` or, with TLS, `rediss://[user:password@]host[:port]`. Pub/sub ignores database numbers, so none may be given. */
  readonly url: string;
  /** Only with `rediss://`; without it the well-known authorities are trusted. */
  readonly tls?: RedisTlsOptions;
  /** Before every channel name; the same in all processes of one Belfry, another one for each that shares the server. `belfry:hint:` when omitted. */
  readonly channelPrefix?: string;
  /** An attempt to connect is given up after this time; 5,000 when omitted. */
  readonly connectTimeoutMs?: number;
  /** A connection that owes an answer for this long is given up; also the time between two checks of an idle one. 5,000 when omitted. */
  readonly answerTimeoutMs?: number;
  /** Hints that may wait while the server cannot be reached; further ones are lost. 10,000 when omitted. */
  readonly maxWaitingHints?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: BackplaneLogger;
  /** Hints that this process published and that were not sent. */
  readonly onLost?: (hints: number) => void;
  /** Messages on a channel of ours that are no hints. */
  readonly onIgnored?: (messages: number) => void;
};
