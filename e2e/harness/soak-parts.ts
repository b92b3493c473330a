import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brokenByBacklog, runBacklog } from './backlog-run.ts';
import { brokenByRaces, runIdempotency } from './idempotency-run.ts';
import { brokenByKills } from './kill-report.ts';
import { runKills } from './kill-run.ts';
import { brokenByFaults } from './loss-report.ts';
import { runLoss } from './loss-run.ts';
import { findLossTools } from './loss-stack.ts';
import { runChild } from './run-child.ts';
import type { SoakPartName } from './soak-part-names.ts';
import type { SoakSizes } from './soak-sizes.ts';

export type SoakResult = {
  /** Promises that were not kept. */
  readonly broken: readonly string[];
  readonly figures: unknown;
};

export type SoakPart = {
  readonly what: string;
  run(sizes: SoakSizes): Promise<SoakResult>;
};

const E2E = fileURLToPath(new URL('..', import.meta.url));
const VITEST = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')));
const LOG_SOAK = path.join(E2E, '../libs/log-embedded/src/testing/soak.ts');
const STORE_SOAK = path.join(E2E, '../libs/store/src/sqlite/power-cut/soak.fixture.ts');
const APPEND_SOAK = path.join(E2E, '../libs/log-kafka/src/testing/append-soak.ts');
const WORKER_SOAK = path.join(E2E, '../libs/worker/src/testing/worker-soak.ts');
const ZOMBIE_SOAK = path.join(E2E, '../libs/log-kafka/src/testing/zombie-soak.ts');

/** From a kill to ready, every time. */
const RESTART_PROMISE_MS = 2_000;

export const SOAK_PARTS: Readonly<Record<SoakPartName, SoakPart>> = {
  kills: {
    what: 'kill -9 under load, with providers that fail and notifications that expire: nothing lost, nothing shown twice, order kept',
    async run({ kills, notifications }) {
      const asked = { kills, notifications };
      const failRates = { webpush: 0.03, fcm: 0.01 };
      const report = await runKills({ ...asked, users: 500, failRates, aliveMs: [100, 2_000] });
      console.log(JSON.stringify(report, undefined, 2));
      return { figures: report, broken: brokenByKills(report, asked, { of: 'max', ms: RESTART_PROMISE_MS }) };
    },
  },
  backlog: {
    what: 'a start with all of that before it',
    async run({ 'backlog-jobs': jobs, 'backlog-starts': starts }) {
      const asked = { jobs, starts };
      const report = await runBacklog(asked);
      console.log(JSON.stringify(report, undefined, 2));
      return { figures: report, broken: brokenByBacklog(report, asked, RESTART_PROMISE_MS) };
    },
  },
  idempotency: {
    what: '10 racing posts per Idempotency-Key, with kills between: one notification per key',
    async run({ keys, 'key-kills': kills }) {
      const asked = { keys, racersPerKey: 10, kills, lanes: 64, users: Math.ceil(keys / 20) };
      const report = await runIdempotency(asked);
      console.log(JSON.stringify(report, undefined, 2));
      return { figures: report, broken: brokenByRaces(report, asked) };
    },
  },
  feed: {
    what: 'a real history of 16,133 commits: every author and follower, once, in order',
    async run({ 'follow-after': followAfter }) {
      const args = [VITEST, 'run', 'commit-feed.stack.test.ts', '--testTimeout=30000', '--hookTimeout=60000'];
      const env = { BELFRY_FEED_FOLLOW_AFTER: String(followAfter) };
      const { code, lines } = await runChild(args, { cwd: E2E, env });
      return { figures: lines, broken: code === 0 ? [] : [`the test ended with ${code}`] };
    },
  },
  log: {
    what: 'the embedded log: kill -9, bit flips, cut off at every length of its end, power cuts',
    async run(sizes) {
      const names = ['log-kills', 'log-records', 'log-flips', 'log-cuts', 'log-cut-every', 'log-seed'] as const;
      return runProgram(LOG_SOAK, ...names.map((name) => sizes[name]));
    },
  },
  store: {
    what: 'power cuts of the embedded store, after everything that it did to its files',
    run: ({ 'store-notifications': notifications, 'store-seed': seed }) => runProgram(STORE_SOAK, notifications, seed),
  },
  kafka: {
    what: 'every service in processes of its own on Kafka: kill -9, frozen, replaced and scaled processes, a broker killed, answers cut',
    async run(sizes) {
      const tools = await findLossTools();
      if (!tools.ok) return { figures: null, broken: [`it was not run: ${tools.reason}`] };
      const asked = { notifications: sizes['kafka-notifications'], faults: sizes['kafka-faults'] };
      const report = await runLoss(tools.value, {
        ...asked,
        users: sizes['kafka-users'],
        deviceEvery: sizes['kafka-device-every'],
        clients: 20,
        perSecond: sizes['kafka-rate'],
        seed: sizes['kafka-seed'],
        onProgress: console.log,
      });
      console.log(JSON.stringify(report, undefined, 2));
      return { figures: report, broken: brokenByFaults(report, asked) };
    },
  },
  'kafka-append': {
    what: 'appends to Kafka while answers are cut and the broker is killed: nothing lost, at most 0.1 % stored twice',
    async run(sizes) {
      const names = ['kafka-appends', 'kafka-append-kills', 'kafka-append-bursts', 'kafka-append-seed'] as const;
      return runProgram(APPEND_SOAK, ...names.map((name) => sizes[name]));
    },
  },
  'kafka-zombie': {
    what: 'members of a group frozen beyond their session: what they commit afterwards does not count',
    run: (sizes) => runProgram(ZOMBIE_SOAK, sizes['kafka-zombies'], sizes['kafka-zombie-seconds']),
  },
  'kafka-worker': {
    what: 'three workers over Kafka, kill -9 of them, others that come and go: nothing lost, first attempts of each key in order',
    async run(sizes) {
      const names = [
        'kafka-worker-records',
        'kafka-worker-kills',
        'kafka-worker-rebalances',
        'kafka-worker-seed',
      ] as const;
      return runProgram(WORKER_SOAK, ...names.map((name) => sizes[name]));
    },
  },
};

/** A program that prints its figures, a line of JSON each, and exits 1 on a fault. */
async function runProgram(program: string, ...sizes: readonly number[]): Promise<SoakResult> {
  const { code, lines } = await runChild([program, ...sizes.map(String)], { cwd: E2E });
  return { figures: lines.map(parseLine), broken: code === 0 ? [] : [`it ended with ${code}; see its faults`] };
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
