import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { VapidKey } from '@belfry/channel-webpush';
import type { Random } from '@belfry/core/random';
import { apiKeyProblem, createApiKey } from '@belfry/runtime';
import { parseJsonFile, readConfiguredFile } from './configured-file.ts';

/** What services share, by the name of its file in the folder. */
export const KEY_FILES = {
  apiKey: 'api-key',
  jwtSecret: 'jwt-secret',
  cookieSecret: 'cookie-secret',
  vapidKeys: 'vapid-keys.json',
} as const;

export type KeyName = keyof typeof KEY_FILES;

const ALL = Object.keys(KEY_FILES) as readonly KeyName[];
const SECRET_BYTES = 32;

/**
 * Makes the keys that are not there yet and leaves the others as they are; resolves with the paths of those that were made. Several processes may do it at once: each
 * file appears whole, and the first one stays. Readable by the owner alone. The folder is made, too.
 */
export async function makeKeys(
  directory: string,
  random: Random,
  names: readonly KeyName[] = ALL,
): Promise<readonly string[]> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const made: string[] = [];
  for (const name of names) {
    const file = join(directory, KEY_FILES[name]);
    if (existsSync(file)) continue;
    if (createWhole(file, `${await makeKey(name, random)}\n`)) made.push(file);
  }
  return made;
}

async function makeKey(name: KeyName, random: Random): Promise<string> {
  switch (name) {
    case 'apiKey':
      return createApiKey('dev', random);
    case 'vapidKeys': {
      const { generateVapidKey } = await import('@belfry/channel-webpush');
      return JSON.stringify([generateVapidKey()], null, 2);
    }
    case 'jwtSecret':
    case 'cookieSecret':
      return Buffer.from(random.bytes(SECRET_BYTES)).toString('base64url');
  }
}

/** False when another process was first. A link, unlike a rename, does not replace what is there. */
function createWhole(file: string, text: string): boolean {
  const draft = `${file}.${randomUUID()}`;
  const descriptor = openSync(draft, 'wx', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    closeSync(descriptor);
    unlinkSync(draft);
  }
}

/** The secret in the folder that `variable` names. Throws, naming the variable, the file and what makes it, when it is missing or empty. */
export function readKey(directory: string, name: Exclude<KeyName, 'vapidKeys'>, variable: string): string {
  const file = join(directory, KEY_FILES[name]);
  const key = readText(file, variable).trim();
  if (key === '') throw new Error(`${variable}: ${file} is empty`);
  const problem = name === 'apiKey' ? apiKeyProblem(key) : undefined;
  if (problem !== undefined) throw new Error(`${variable}: what ${file} holds ${problem}`);
  return key;
}

/**
 * `[{ publicKey, privateKey, id? }, …]`, the first for new subscriptions. Throws, naming the variable that led to the file, the file and the field, when there is none or one
 * is wrong.
 */
export async function readVapidKeys(file: string, variable: string): Promise<readonly [VapidKey, ...VapidKey[]]> {
  const { parseVapidKey } = await import('@belfry/channel-webpush');
  const input = parseJsonFile(file, readText(file, variable), variable);
  const keys = (Array.isArray(input) ? input : []).map((each: unknown, index) => {
    const parsed = parseVapidKey(each);
    if (!parsed.ok) throw new Error(`${variable}: ${file}: /${index}${parsed.field} ${parsed.detail}`);
    return parsed.key;
  });
  const [first, ...others] = keys;
  if (first === undefined) throw new Error(`${variable}: ${file} must be a list with at least one VAPID key`);
  return [first, ...others];
}

function readText(file: string, variable: string): string {
  if (!existsSync(file)) throw new Error(`${variable}: ${file} is missing; services/keys makes it`);
  return readConfiguredFile(file, variable);
}
