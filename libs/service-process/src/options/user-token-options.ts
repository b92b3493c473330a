import { type ConfigProblem, defineOptions, path, string, url } from '@belfry/runtime';
import { secretOptions } from './secret-option.ts';

const GROUP = 'User tokens';

/** RFC 7518 §3.2: a secret shorter than the hash can be guessed. */
export const JWT_SECRET_BYTES_MIN = 32;

/** Who may sign the tokens of users, and what they must say. The same on all processes that users reach. */
export const userTokenOptions = defineOptions({
  ...secretOptions('BELFRY_JWT_SECRET', {
    description: `Secret that user tokens are signed with (HS256): at least ${JWT_SECRET_BYTES_MIN} bytes, except in one process on a loopback address. Where none of this and the next two is set, the secret among the shared or made keys counts.`,
    group: GROUP,
  }),
  BELFRY_JWT_PUBLIC_KEY: {
    type: path(),
    optional: true,
    description: 'Ed25519 public key (PEM file, SPKI) whose owner signs user tokens (EdDSA).',
    group: GROUP,
  },
  BELFRY_JWKS_URL: {
    type: url({ slashAtEnd: 'kept' }),
    optional: true,
    description:
      'Key set of an identity provider that signs user tokens (EdDSA, ES256 or RS256). Fetched when it is first needed, then every ten minutes and for an unknown key. https, unless the network in between is yours.',
    group: GROUP,
  },
  BELFRY_JWT_ISSUER: {
    type: string(),
    optional: true,
    description: 'Tokens must have it as `iss`. Any issuer will do without it.',
    group: GROUP,
  },
  BELFRY_JWT_AUDIENCE: {
    type: string(),
    optional: true,
    description:
      'Tokens must have it as `aud`. To be set where the same keys sign tokens for other applications, too: without it theirs are good here.',
    group: GROUP,
  },
});

/** What `userTokenOptions` have that cannot work. */
export function userTokenProblems(
  { BELFRY_JWT_SECRET: secret }: { readonly BELFRY_JWT_SECRET?: string | undefined },
  minBytes: number = JWT_SECRET_BYTES_MIN,
): readonly ConfigProblem[] {
  return secret !== undefined && Buffer.byteLength(secret) < minBytes
    ? [{ variable: 'BELFRY_JWT_SECRET', detail: `must have at least ${minBytes} bytes` }]
    : [];
}
