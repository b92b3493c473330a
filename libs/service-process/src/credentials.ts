import { join } from 'node:path';
import type { VapidKey } from '@belfry/channel-webpush';
import { readSecret } from './options/secret-option.ts';
import { KEY_FILES, type KeyName, readKey, readVapidKeys } from './shared-keys.ts';

type Values = Readonly<Record<string, unknown>>;

const VARIABLES = {
  apiKey: 'BELFRY_API_KEY',
  jwtSecret: 'BELFRY_JWT_SECRET',
  cookieSecret: 'BELFRY_COOKIE_SECRET',
} as const;

/**
 * A secret from its variable, from its file, or from the folder of `BELFRY_KEYS`, in this order. Throws, saying what to set, when it is in none of them: processes
 * that would make one up each for itself would not understand each other.
 */
export function credential(values: Values, name: Exclude<KeyName, 'vapidKeys'>): string {
  const variable = VARIABLES[name];
  const given = readSecret(values, variable);
  if (given !== undefined) return given;
  const { BELFRY_KEYS: folder } = values;
  if (typeof folder === 'string') return readKey(folder, name, 'BELFRY_KEYS');
  const others = name === 'jwtSecret' ? ', BELFRY_JWT_PUBLIC_KEY, BELFRY_JWKS_URL' : '';
  throw new Error(`${variable}, ${variable}_FILE${others} or BELFRY_KEYS is required`);
}

/** The VAPID keys of `BELFRY_VAPID_KEYS`, or of the folder of `BELFRY_KEYS`. Throws as `credential` does. */
export async function vapidKeys(values: Values): Promise<readonly [VapidKey, ...VapidKey[]]> {
  const { BELFRY_VAPID_KEYS: file, BELFRY_KEYS: folder } = values;
  if (typeof file === 'string') return readVapidKeys(file, 'BELFRY_VAPID_KEYS');
  if (typeof folder === 'string') return readVapidKeys(join(folder, KEY_FILES.vapidKeys), 'BELFRY_KEYS');
  throw new Error('BELFRY_VAPID_KEYS or BELFRY_KEYS is required');
}
