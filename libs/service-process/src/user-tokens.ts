import type { Clock } from '@belfry/core/clock';
import { createTokenVerifier, type Logger, type TokenKeys, type TokenVerifier } from '@belfry/runtime';
import { readConfiguredFile } from './configured-file.ts';
import { readSecret } from './options/secret-option.ts';
import { JWT_SECRET_BYTES_MIN } from './options/user-token-options.ts';

type Values = Readonly<Record<string, unknown>>;

const VARIABLES = ['BELFRY_JWT_SECRET', 'BELFRY_JWT_SECRET_FILE', 'BELFRY_JWT_PUBLIC_KEY', 'BELFRY_JWKS_URL'];

export type UserTokenOptions = {
  /** The values of `userTokenOptions`. */
  readonly config: Values;
  /** The secret that was made for this installation. Asked for only where no key is configured: keys of an operator's own leave no other way in. */
  readonly madeSecret: () => string;
  /** Fewer than 32 only where nobody else can connect. */
  readonly minSecretBytes?: number;
  readonly clock: Clock;
  readonly logger: Logger;
};

/** Verifies user tokens by the configured keys. Rejects, naming the variable, with a key that cannot work. */
export function createUserTokenVerifier(options: UserTokenOptions): Promise<TokenVerifier> {
  const { config, madeSecret, minSecretBytes: minBytes = JWT_SECRET_BYTES_MIN, clock, logger } = options;
  const { BELFRY_JWT_ISSUER: issuer, BELFRY_JWT_AUDIENCE: audience } = config;
  const keys: readonly TokenKeys[] = hasUserTokenKeys(config)
    ? configuredKeys(config, minBytes)
    : [{ kind: 'secret', name: 'jwt-secret', secret: madeSecret(), minBytes }];
  return createTokenVerifier(
    {
      keys,
      ...(typeof issuer === 'string' ? { issuer } : {}),
      ...(typeof audience === 'string' ? { audience } : {}),
      onRefreshFailed: (err) =>
        logger.warn({ err }, 'the keys of BELFRY_JWKS_URL could not be renewed; those of last time go on'),
    },
    clock,
  );
}

/** Whether a key is configured, so that no made one is needed. */
export function hasUserTokenKeys(config: Values): boolean {
  return VARIABLES.some((name) => config[name] !== undefined);
}

function configuredKeys(config: Values, minBytes: number): readonly TokenKeys[] {
  const { BELFRY_JWT_PUBLIC_KEY: file, BELFRY_JWKS_URL: url } = config;
  const keys: TokenKeys[] = [];
  const secret = readSecret(config, 'BELFRY_JWT_SECRET');
  if (secret !== undefined) {
    const name = config.BELFRY_JWT_SECRET === undefined ? 'BELFRY_JWT_SECRET_FILE' : 'BELFRY_JWT_SECRET';
    keys.push({ kind: 'secret', name, secret, minBytes });
  }
  if (typeof file === 'string') {
    const pem = readConfiguredFile(file, 'BELFRY_JWT_PUBLIC_KEY');
    keys.push({ kind: 'public-key', name: `BELFRY_JWT_PUBLIC_KEY: ${file}`, pem });
  }
  if (typeof url === 'string') keys.push({ kind: 'jwks-url', url });
  return keys;
}
