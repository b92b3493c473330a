// Started by shared-server.ts: <kind> <process id of the run> <folder>. Keeps one server for as long as that process lives.
import { renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { findKafkaLauncher, type KafkaServer } from './launch-kafka.ts';
import { findPostgresLauncher, type PostgresServer } from './launch-postgres.ts';
import { findRedisLauncher, type RedisServer } from './launch-redis.ts';
import type { Found } from './need.ts';
import { isAlive } from './pid-lock.ts';
import type { LaunchedServer } from './server-run.ts';
import { type SharedKind, sharedFiles } from './shared-server.ts';

type Kept = { readonly server: LaunchedServer; readonly address: KafkaServer | PostgresServer | RedisServer };

const LOOK_MS = 250;

const STARTERS: Readonly<Record<SharedKind, () => Promise<Found<Kept>>>> = {
  kafka: async () => start(await findKafkaLauncher(), ({ brokers }) => ({ brokers })),
  postgres: async () => start(await findPostgresLauncher(), ({ url }) => ({ url })),
  redis: async () => start(await findRedisLauncher(), ({ url }) => ({ url })),
};

const [, , kind, run, folder] = process.argv as [string, string, SharedKind, string, string];
const files = sharedFiles(folder, kind);
let server: LaunchedServer | undefined;
try {
  const kept = await STARTERS[kind]();
  if (kept.ok) server = kept.value.server;
  answer(kept.ok ? { ok: true, value: kept.value.address } : kept);
} catch (error) {
  console.error(error);
  answer({ ok: false, reason: `${kind} did not start: ${error instanceof Error ? error.message : String(error)}` });
}
while (isAlive(Number(run))) await sleep(LOOK_MS);
await server?.stop();
for (const file of Object.values(files)) rmSync(file, { force: true });
try {
  rmdirSync(folder);
} catch {
  // Another keeper of this run still has files in it, or was quicker.
}

async function start<S extends LaunchedServer>(
  launch: Found<() => Promise<S>>,
  addressOf: (server: S) => Kept['address'],
): Promise<Found<Kept>> {
  if (!launch.ok) return launch;
  const started = await launch.value();
  return { ok: true, value: { server: started, address: addressOf(started) } };
}

/** Under its name only when whole: others read it as soon as it is there. */
function answer(found: Found<Kept['address']>): void {
  const partial = `${files.answer}.part`;
  writeFileSync(partial, JSON.stringify(found));
  renameSync(partial, files.answer);
}
