import { parseArgs } from 'node:util';
import { isSoakPartName, SOAK_PART_NAMES, type SoakPartName } from './soak-part-names.ts';

type Size = {
  readonly part: SoakPartName;
  readonly usual: number;
  readonly min: number;
  readonly max: number;
  readonly what: string;
};

const SIZES = {
  kills: { part: 'kills', usual: 200, min: 1, max: 5_000, what: 'kills of the process' },
  notifications: {
    part: 'kills',
    usual: 100_000,
    min: 1,
    max: 1_000_000,
    what: 'notifications, at least',
  },
  keys: { part: 'idempotency', usual: 1_000, min: 20, max: 20_000, what: 'Idempotency-Keys, 10 posts each' },
  'key-kills': { part: 'idempotency', usual: 5, min: 1, max: 100, what: 'kills between the posts' },
  'backlog-jobs': {
    part: 'backlog',
    usual: 1_000_000,
    min: 5_000,
    max: 20_000_000,
    what: 'jobs in the log that nobody has routed, at least',
  },
  'backlog-starts': {
    part: 'backlog',
    usual: 5,
    min: 1,
    max: 100,
    what: 'starts of the process, each of which is killed',
  },
  'follow-after': {
    part: 'feed',
    usual: 3,
    min: 2,
    max: 1_000,
    what: 'changes of a path after which its author follows it: 3 makes 468 thousand recipients, 20 makes 102 thousand',
  },
  'log-kills': { part: 'log', usual: 200, min: 0, max: 5_000, what: 'kills of an appending process' },
  'log-records': {
    part: 'log',
    usual: 1_000_000,
    min: 1,
    max: 100_000_000,
    what: 'records that those acknowledged, at least',
  },
  'log-flips': { part: 'log', usual: 10_000, min: 0, max: 1_000_000, what: 'bit flips, and as many truncations' },
  'log-cut-every': {
    part: 'log',
    usual: 1,
    min: 1,
    max: 65_536,
    what: 'of the lengths of the last 64 KiB of two files, one in so many is what they are cut off at',
  },
  'log-cuts': { part: 'log', usual: 1_000, min: 0, max: 100_000, what: 'power cuts' },
  'kafka-notifications': { part: 'kafka', usual: 500_000, min: 100, max: 5_000_000, what: 'notifications, at least' },
  'kafka-faults': { part: 'kafka', usual: 100, min: 0, max: 5_000, what: 'faults, 14 kinds in turn' },
  'kafka-users': { part: 'kafka', usual: 10_000, min: 20, max: 100_000, what: 'users, each of whom is a key' },
  'kafka-device-every': {
    part: 'kafka',
    usual: 10,
    min: 3,
    max: 1_000,
    what: 'one in so many users has a Web Push device, and one an FCM device',
  },
  'kafka-rate': { part: 'kafka', usual: 500, min: 1, max: 100_000, what: 'notifications per second, at most' },
  'kafka-seed': { part: 'kafka', usual: 1, min: 0, max: 2_147_483_647, what: 'of the faults' },
  'kafka-appends': {
    part: 'kafka-append',
    usual: 500_000,
    min: 100,
    max: 10_000_000,
    what: 'confirmed appends, at least',
  },
  'kafka-append-kills': {
    part: 'kafka-append',
    usual: 50,
    min: 1,
    max: 1_000,
    what: 'kills of the broker, and as many cuts of its answers',
  },
  'kafka-append-bursts': {
    part: 'kafka-append',
    usual: 20,
    min: 0,
    max: 1_000,
    what: 'times 1,000 appends at once to one partition while answers are cut',
  },
  'kafka-append-seed': { part: 'kafka-append', usual: 1, min: 0, max: 2_147_483_647, what: 'of the times between' },
  'kafka-zombies': { part: 'kafka-zombie', usual: 50, min: 1, max: 1_000, what: 'frozen members, 10 at a time' },
  'kafka-zombie-seconds': {
    part: 'kafka-zombie',
    usual: 60,
    min: 10,
    max: 3_600,
    what: 'for which each is frozen; its session ends after 6',
  },
  'kafka-worker-records': {
    part: 'kafka-worker',
    usual: 1_000_000,
    min: 1_000,
    max: 10_000_000,
    what: 'records of 10,000 keys, which handlers take 0 to 500 ms for',
  },
  'kafka-worker-kills': { part: 'kafka-worker', usual: 200, min: 0, max: 5_000, what: 'kills of a worker' },
  'kafka-worker-rebalances': {
    part: 'kafka-worker',
    usual: 100,
    min: 0,
    max: 5_000,
    what: 'times that a worker joins or leaves in good order, by turns',
  },
  'kafka-worker-seed': { part: 'kafka-worker', usual: 1, min: 0, max: 2_147_483_647, what: 'of all random numbers' },
  'store-notifications': {
    part: 'store',
    usual: 24,
    min: 1,
    max: 300,
    what: 'notifications in each of three lives of the store; it does some 40 things to its files for each',
  },
  'store-seed': { part: 'store', usual: 1, min: 0, max: 2_147_483_647, what: 'of its random numbers' },
  'log-seed': { part: 'log', usual: 1, min: 0, max: 2_147_483_647, what: 'of its random numbers' },
} as const satisfies Readonly<Record<string, Size>>;

export type SoakSizeName = keyof typeof SIZES;
export type SoakSizes = Readonly<Record<SoakSizeName, number>>;

export type SoakArguments =
  | { readonly kind: 'run'; readonly parts: readonly SoakPartName[]; readonly sizes: SoakSizes }
  | { readonly kind: 'help' }
  | { readonly kind: 'refused'; readonly detail: string };

const NAMES = Object.keys(SIZES) as SoakSizeName[];

/** All parts when none is named. A size is a whole number within its bounds. */
export function parseSoakArguments(args: readonly string[]): SoakArguments {
  const given = parseGiven(args);
  if (typeof given === 'string') return { kind: 'refused', detail: given };
  const { values, positionals } = given;
  if (values.help === true) return { kind: 'help' };
  const stranger = positionals.find((name) => !isSoakPartName(name));
  if (stranger !== undefined)
    return { kind: 'refused', detail: `there is no part ${stranger}, only ${SOAK_PART_NAMES.join(', ')}` };
  const sizes = {} as Record<SoakSizeName, number>;
  for (const name of NAMES) {
    const { usual, min, max } = SIZES[name];
    const value = values[name] === undefined ? usual : Number(values[name] || Number.NaN);
    if (!Number.isInteger(value) || value < min || value > max)
      return { kind: 'refused', detail: `--${name} must be a whole number from ${min} to ${max}` };
    sizes[name] = value;
  }
  const parts =
    positionals.length === 0 ? SOAK_PART_NAMES : SOAK_PART_NAMES.filter((name) => positionals.includes(name));
  return { kind: 'run', parts, sizes };
}

/** The sizes that a part looks at. */
export function sizesOf(part: SoakPartName, sizes: SoakSizes): Partial<SoakSizes> {
  return Object.fromEntries(NAMES.filter((name) => SIZES[name].part === part).map((name) => [name, sizes[name]]));
}

/** A line per size of the part, for `--help`. */
export function describeSizes(part: SoakPartName): string[] {
  return NAMES.filter((name) => SIZES[name].part === part).map((name) => {
    const { usual, min, max, what } = SIZES[name];
    return `  --${name} n: ${what} (${usual}; ${min} to ${max})`;
  });
}

function parseGiven(args: readonly string[]) {
  const options: Record<string, { type: 'string' | 'boolean' }> = { help: { type: 'boolean' } };
  for (const name of NAMES) options[name] = { type: 'string' };
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
