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
  readonly jwtSecret: string;
  readonly cookieSecret: string;
  /** The first for new subscriptions. */
  readonly vapidKeys: readonly [VapidKey, ...VapidKey[]];
};

export type DataFolderOptions = {
  readonly directory: string;
  readonly random: Random;
  readonly apiKey: string | undefined;
  readonly jwtSecret: string | undefined;
  readonly cookieSecret: string | undefined;
  readonly vapidKeysFile: string | undefined;
};

/** Opens the data folder, making what is missing and not configured. Rejects, naming the file, when something in it cannot be used. */
export async function openDataFolder(options: DataFolderOptions): Promise<DataFolder> {
  const directory = resolve(options.directory);
  const { apiKey, jwtSecret, cookieSecret, vapidKeysFile } = options;
  const configured = { apiKey, jwtSecret, cookieSecret, vapidKeys: vapidKeysFile };
  const names = Object.keys(KEY_FILES) as readonly KeyName[];
  await makeKeys(
    directory,
    options.random,
    names.filter((name) => configured[name] === undefined),
  );
  return {
    directory,
    log: join(directory, 'log'),
    store: join(directory, 'store'),
    invoices: join(directory, 'invoices'),
    simulatorPortFile: join(directory, 'simulator-port'),
    apiKeyFile: apiKey === undefined ? join(directory, KEY_FILES.apiKey) : undefined,
    apiKey: apiKey ?? readKey(directory, 'apiKey'),
    jwtSecret: jwtSecret ?? readKey(directory, 'jwtSecret'),
    cookieSecret: cookieSecret ?? readKey(directory, 'cookieSecret'),
    vapidKeys: await readVapidKeys(vapidKeysFile ?? join(directory, KEY_FILES.vapidKeys)),
  };
}
