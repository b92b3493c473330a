// Usage: node libs/log-kafka/src/testing/zombie-soak.ts [members] [seconds]. Members of groups on Kafka that are frozen for so long, 10 at a time, and then commit; at the
// sizes of the published promise by default: 50 for 60 s. Prints a report; exits 1 on a fault.
import { findKafkaLauncher } from '@belfry/testing/launch-kafka';
import { type FreezeFigures, freezeMember } from './freeze-member.ts';

const [members = 50, seconds = 60] = process.argv.slice(2).map(Number);
const AT_ONCE = 10;
const launch = await findKafkaLauncher();
if (!launch.ok) throw new Error(launch.reason);
const kafka = await launch.value();
const figures: FreezeFigures[] = [];
const broken: string[] = [];
try {
  for (let begun = 0; begun < members; begun += AT_ONCE) {
    const round = Array.from({ length: Math.min(AT_ONCE, members - begun) }, () =>
      freezeMember(kafka.brokers, { frozenMs: seconds * 1_000 }),
    );
    for (const result of await Promise.allSettled(round)) {
      if (result.status === 'fulfilled') figures.push(result.value);
      else broken.push(String(result.reason));
    }
  }
} finally {
  await kafka.stop();
}
const count = (isSo: (each: FreezeFigures) => boolean) => figures.filter(isSo).length;
const staleCommits = count(({ committedBefore, committedAfter }) => committedBefore !== committedAfter);
const failures = count(({ failure }) => failure !== undefined);
const lost = figures.reduce((sum, { left, readAgain }) => sum + Math.max(0, left - readAgain), 0);
for (const [what, faults] of Object.entries({ staleCommits, failures, lost }))
  if (faults > 0) broken.push(`${what}: ${faults} instead of 0`);
const heardBefore = count((each) => each.heardBefore);
console.log(JSON.stringify({ members: figures.length, seconds, staleCommits, failures, lost, heardBefore, broken }));
process.exit(broken.length > 0 ? 1 : 0);
