// Usage: node libs/log-kafka/src/testing/append-soak.ts [appends] [kills] [bursts] [seed]. Appends to Kafka while answers are cut and the broker is killed, at the
// sizes of the published promise by default: 500,000 confirmed, 50 kills and as many cuts, 20 times 1,000 at once. Prints a report; exits 1 on a fault.
import { findKafkaLauncher } from '@belfry/testing/launch-kafka';
import { findToxiproxy } from '@belfry/testing/toxiproxy';
import { brokenByAppendFaults, runAppendFaults } from './run-append-faults.ts';

const [appends = 500_000, kills = 50, bursts = 20, seed = 1] = process.argv.slice(2).map(Number);
const launch = await findKafkaLauncher();
const toxiproxy = findToxiproxy();
if (!launch.ok) throw new Error(launch.reason);
if (!toxiproxy.ok) throw new Error(toxiproxy.reason);
const asked = { appends, kills, bursts, seed };
const figures = await runAppendFaults({ ...asked, launch: launch.value, toxiproxy: toxiproxy.value });
const broken = brokenByAppendFaults(figures, asked);
console.log(JSON.stringify({ ...figures, broken }));
process.exit(broken.length > 0 ? 1 : 0);
