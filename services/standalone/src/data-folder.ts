import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { generateVapidKey, parseVapidKey, type VapidKey } from '@belfry/channel-webpush';
import type { Random } from '@belfry/core/random';
import { createApiKey } from '@belfry/runtime';

/** What a first start makes and every later one finds again. Readable by the owner alone. */
export type DataFolder = {
  /** Absolute path of the folder. */
  readonly directory: string;
  readonly log: string;
  readonly store: string;
  readonly invoices: string;
  /** Keeps the port of the simulator over restarts, as the endpoints of simulated devices name it. */
  readonly simulatorPortFile: string;
  /** Where the API key was made; undefined when it was configured. */
  readonly apiKeyFile: string | undefined;
  readonly apiKey: string;
  readonly jwtSecret: string;
  readonly cookieSecret: string;
  readonly vapidKeys: readonly VapidKey[];
};

export type DataFolderOptions = {
  readonly directory: string;
  readonly random: Random;
  readonly apiKey: string | undefined;
  readonly jwtSecret: string | undefined;
  readonly vapidKeysFile: string | undefined;
};

/** Opens the data folder, making what is missing. Throws, naming the file, when something in it cannot be used. */
export function openDataFolder(options: DataFolderOptions): DataFolder {
  const directory = resolve(options.directory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { random } = options;
  const apiKeyFile = options.apiKey === undefined ? join(directory, 'api-key') : undefined;
  return {
    directory,
    log: join(directory, 'log'),
    store: join(directory, 'store'),
    invoices: join(directory, 'invoices'),
    simulatorPortFile: join(directory, 'simulator-port'),
    apiKeyFile,
    apiKey: options.apiKey ?? secretFile(join(directory, 'api-key'), () => createApiKey('dev', random)),
    jwtSecret: options.jwtSecret ?? secretFile(join(directory, 'jwt-secret'), () => randomSecret(random)),
    cookieSecret: secretFile(join(directory, 'cookie-secret'), () => randomSecret(random)),
    vapidKeys: readVapidKeys(
      options.vapidKeysFile ?? join(directory, 'vapid-keys.json'),
      options.vapidKeysFile === undefined,
    ),
  };
}

function randomSecret(random: Random): string {
  return Buffer.from(random.bytes(32)).toString('base64url');
}

function secretFile(file: string, make: () => string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const secret = make();
  writeFileSync(file, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  return secret;
}

/** `[{ publicKey, privateKey, id? }, …]`, the first for new subscriptions. */
function readVapidKeys(file: string, mayMake: boolean): readonly VapidKey[] {
  if (mayMake && !existsSync(file)) {
    writeFileSync(file, `${JSON.stringify([generateVapidKey()], null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(file, 0o600);
  }
  const input: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!Array.isArray(input) || input.length === 0)
    throw new Error(`${file}: must be a list with at least one VAPID key`);
  return input.map((each, index) => {
    const parsed = parseVapidKey(each);
    if (!parsed.ok) throw new Error(`${file}: /${index}${parsed.field} ${parsed.detail}`);
    return parsed.key;
  });
}
