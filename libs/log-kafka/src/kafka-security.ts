import type { ConnectionOptions } from 'node:tls';
import type { SASLOptions } from 'kafkajs';

/** PEM texts, not paths: reading files is the caller's. */
export type KafkaTls = {
  /** Certificate authority of the brokers; default: those Node trusts. */
  readonly ca?: string;
  /** Our own certificate and key, where the broker asks for one. Both or neither. */
  readonly cert?: string;
  readonly key?: string;
  /** Default true. False accepts any broker: for a test cluster only. */
  readonly rejectUnauthorized?: boolean;
};

export type KafkaSasl =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: string;
    }
  | {
      readonly mechanism: 'oauthbearer';
      /** Called for each connection and before the session of one ends; it renews the token when that is due. */
      readonly token: () => Promise<{ readonly value: string }>;
    };

export function toTlsOptions({ ca, cert, key, rejectUnauthorized }: KafkaTls): ConnectionOptions {
  if ((cert === undefined) !== (key === undefined)) {
    throw new RangeError('tls.cert and tls.key belong together: give both or neither');
  }
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    rejectUnauthorized: rejectUnauthorized ?? true,
  };
}

export function toSaslOptions(sasl: KafkaSasl): SASLOptions {
  if (sasl.mechanism === 'oauthbearer') {
    return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: (await sasl.token()).value }) };
  }
  const { mechanism, username, password } = sasl;
  if (username === '') throw new RangeError(`sasl.username must not be empty for ${mechanism}`);
  return { mechanism, username, password };
}
