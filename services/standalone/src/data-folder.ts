import { join, resolve } from 'node:path';
import type { VapidKey } from '@belfry/channel-webpush';
import type { Random } from '@belfry/core/random';
import { KEY_FILES, type KeyName, makeKeys, readKey, readVapidKeys } from '@belfry/service-process';

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
  /** The one that was made here, where no key of user tokens is configured. */
  jwtSecret(): string;
  readonly cookieSecret: string;
  /** The first for new subscriptions. */
  readonly vapidKeys: readonly [VapidKey, ...VapidKey[]];
};

export type DataFolderOptions = {
  readonly directory: string;
  readonly random: Random;
  readonly apiKey: string | undefined;
  /** Somebody else than this folder says who signs user tokens: no secret is made for it. */
  readonly hasTokenKeys: boolean;
  readonly cookieSecret: string | undefined;
  readonly vapidKeysFile: string | undefined;
};

/** Opens the data folder, making what is missing and not configured. Rejects, naming the file, when something in it cannot be used. */
export async function openDataFolder(options: DataFolderOptions): Promise<DataFolder> {
  const directory = resolve(options.directory);
  const { apiKey, hasTokenKeys, cookieSecret, vapidKeysFile } = options;
  const isConfigured: Readonly<Record<KeyName, boolean>> = {
    apiKey: apiKey !== undefined,
    jwtSecret: hasTokenKeys,
    cookieSecret: cookieSecret !== undefined,
    vapidKeys: vapidKeysFile !== undefined,
  };
  const names = Object.keys(KEY_FILES) as readonly KeyName[];
  const missing = names.filter((name) => !isConfigured[name]);
  await makeKeys(directory, options.random, missing).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`BELFRY_DATA: ${directory} cannot be used (${cause.code ?? cause.message})`, { cause });
  });
  return {
    directory,
    log: join(directory, 'log'),
    store: join(directory, 'store'),
    invoices: join(directory, 'invoices'),
    simulatorPortFile: join(directory, 'simulator-port'),
    apiKeyFile: apiKey === undefined ? join(directory, KEY_FILES.apiKey) : undefined,
    apiKey: apiKey ?? readKey(directory, 'apiKey', 'BELFRY_DATA'),
    jwtSecret: () => readKey(directory, 'jwtSecret', 'BELFRY_DATA'),
    cookieSecret: cookieSecret ?? readKey(directory, 'cookieSecret', 'BELFRY_DATA'),
    vapidKeys:
      vapidKeysFile === undefined
        ? await readVapidKeys(join(directory, KEY_FILES.vapidKeys), 'BELFRY_DATA')
        : await readVapidKeys(vapidKeysFile, 'BELFRY_VAPID_KEYS'),
  };
}
