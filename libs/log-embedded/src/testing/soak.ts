// Usage: node libs/log-embedded/src/testing/soak.ts [kills] [records] [flips] [cuts] [one in so many lengths] [seed]. The long forms of the durability tests, at the sizes of the
// published promises by default: 200 kills over 1,000,000 records; 10,000 flips and as many truncations; every length of the last 64 KiB of two files; 1,000 power cuts over
// 100,000 records. Prints a report; exits 1 on a fault.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { runDamage } from './run-damage.ts';
import { runKills } from './run-kills.ts';
import { runLogPowerCuts } from './run-log-power-cuts.ts';
import { runTailCuts, TAIL_BYTES } from './run-tail-cuts.ts';

const [kills = 200, records = 1_000_000, flips = 10_000, cuts = 1_000, cutEvery = 1, seed = 1] = process.argv
  .slice(2)
  .map(Number);
const random = createSeededRandom(seed);
const RECORDS_PER_CUT = 100;
/** Each image is written and read whole, so many short recordings show as much as one long one, in a fraction of the time. */
const CUTS_PER_RECORDING = 100;
let faults = 0;

await report('kill -9', kills, (directory, count) => runKills({ directory, random, kills: count, records }));
await report('bit flips and truncations', flips, (directory, count) =>
  runDamage({ directory, random, flips: count, truncations: count, records: 500 }),
);
await report('cut off in the last 64 KiB', Math.ceil(TAIL_BYTES / cutEvery), (directory) =>
  runTailCuts({ directory, every: cutEvery }),
);
for (let done = 0; done < cuts; done += CUTS_PER_RECORDING) {
  await report('power cuts', Math.min(CUTS_PER_RECORDING, cuts - done), (directory, count) =>
    runLogPowerCuts({ directory, random, records: count * RECORDS_PER_CUT, cuts: count }),
  );
}
process.exitCode = faults > 0 ? 1 : 0;

async function report(
  name: string,
  count: number,
  run: (directory: string, count: number) => Promise<{ readonly faults: readonly string[] }>,
): Promise<void> {
  if (count === 0) return;
  const directory = await mkdtemp(join(tmpdir(), 'belfry-soak-'));
  const startedMs = performance.now();
  const found = await run(directory, count);
  faults += found.faults.length;
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  console.log(JSON.stringify({ name, count, seconds, ...found, faults: found.faults.slice(0, 20) }));
  await rm(directory, { recursive: true });
}
