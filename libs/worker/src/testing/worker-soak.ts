// Usage: node libs/worker/src/testing/worker-soak.ts [records] [kills] [rebalances] [seed]. Workers over Kafka, in processes that are killed, come and go, at the sizes of
// the published promise by default: 1,000,000 records of 10,000 keys, 200 kills, 100 rebalances. Prints a report; exits 1 on a fault.
import { findKafkaLauncher } from '@belfry/testing/launch-kafka';
import { brokenByWorkerFaults, runWorkerFaults } from './run-worker-faults.ts';

const [records = 1_000_000, kills = 200, rebalances = 100, seed = 1] = process.argv.slice(2).map(Number);
const KEYS = 10_000;
const launch = await findKafkaLauncher();
if (!launch.ok) throw new Error(launch.reason);
const asked = { records, kills, rebalances, seed };
const figures = await runWorkerFaults({ ...asked, keys: KEYS, launch: launch.value, onProgress: console.error });
const broken = brokenByWorkerFaults(figures, asked);
console.log(JSON.stringify({ ...figures, broken }));
process.exit(broken.length > 0 ? 1 : 0);
