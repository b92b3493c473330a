// Usage: node libs/store/src/sqlite/power-cut/soak.fixture.ts [notifications] [seed]. The long form of power-cut.cc.test.ts: the power is cut after every single thing
// that the process did to its files. Prints a report; exits 1 on a fault.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { runStorePowerCuts } from './run-store-power-cuts.fixture.ts';

const ROUNDS = 3;
const [notifications = 24, seed = 1] = process.argv.slice(2).map(Number);
const directory = await mkdtemp(join(tmpdir(), 'belfry-store-soak-'));
const random = createSeededRandom(seed);
const everyOperation = Number.POSITIVE_INFINITY;
const found = await runStorePowerCuts({ directory, random, rounds: ROUNDS, notifications, cuts: everyOperation });
await rm(directory, { recursive: true });
console.log(JSON.stringify({ ...found, faults: found.faults.slice(0, 20) }));
process.exitCode = found.faults.length > 0 ? 1 : 0;
