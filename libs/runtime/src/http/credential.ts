import { createHash } from 'node:crypto';
import type { Random } from '@belfry/core/random';

const API_KEY = /^bk_([A-Za-z0-9-]{1,64})_[!-~]{16,256}$/;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/**
 * The id under which the store keeps a key: of `bk_<id>_<secret>` the id in it. An operator may also configure any other text as a key; its id is
 * then derived from it. Undefined for a JWT, which is no key.
 */
export function apiKeyId(text: string): string | undefined {
  if (JWT.test(text)) return undefined;
  return API_KEY.exec(text)?.[1] ?? `key-${hashSecret(`belfry key id ${text}`).slice(0, 8)}`;
}

/** What keeps a text from being an API key, since no request could carry it as one; undefined when nothing does. */
export function apiKeyProblem(text: string): string | undefined {
  if (!/^[!-~]+$/.test(text)) return 'must be visible ASCII characters without blanks';
  return apiKeyId(text) === undefined ? 'must not look like a JWT, which is a user token' : undefined;
}

/** SHA-256 as hex: what the store keeps of keys and tickets. They are random, so a slow hash would add nothing. */
export function hashSecret(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A new API key with 256 bits of secret. Shown once; keep `hashSecret(key)`. */
export function createApiKey(id: string, random: Random): string {
  return `bk_${id}_${Buffer.from(random.bytes(32)).toString('base64url')}`;
}

/** The credential of an `Authorization: Bearer …` header; undefined where there is none. */
export function bearerCredential(authorization: string | undefined): string | undefined {
  return /^Bearer +([!-~]+) *$/i.exec(authorization ?? '')?.[1];
}
