// Usage: node fill-backlog.fixture.ts <data folder> <jobs>. Accepts notifications for that many recipients, at least, where no router runs, and dies without
// closing anything, so that the folder is what a kill leaves: every job is in the log and no group has committed one.
import { createAccept } from '@belfry/dispatch';
import { createEmbeddedLog } from '@belfry/log-embedded';
import { createSystemClock, createSystemRandom } from '@belfry/runtime';
import { createSqliteStore } from '@belfry/store/sqlite';
import { openDataFolder } from './data-folder.ts';
import { STANDALONE_TOPICS } from './log-topics.ts';

const USERS = 10_000;
const RECIPIENTS = 100;
/** Requests under way at once: with their recipients about what a commit of the log takes at best. */
const TOGETHER = 50;

const [directory = '', jobs = '0'] = process.argv.slice(2);
const clock = createSystemClock();
const random = createSystemRandom();
const made = { apiKey: undefined, hasTokenKeys: false, cookieSecret: undefined, vapidKeysFile: undefined };
const data = await openDataFolder({ directory, random, ...made });
const onFatal = (error: Error): never => {
  throw error;
};
const log = await createEmbeddedLog({ directory: data.log, clock, onFatal });
const store = await createSqliteStore({ directory: data.store, clock, onFatal });
await log.ensureTopics(STANDALONE_TOPICS);
const accept = createAccept({ store, log, clock, random });

for (let done = 0; done < Number(jobs); done += TOGETHER * RECIPIENTS) {
  const requests = Array.from({ length: TOGETHER }, (_, request) => {
    const first = done + request * RECIPIENTS;
    const users = Array.from({ length: RECIPIENTS }, (_user, index) => `user-${(first + index) % USERS}`);
    return { tenant: 'default', request: { to: { users }, type: 'backlog', title: `Backlog ${first}` } };
  });
  const results = await accept(requests);
  const refused = results.find(({ kind }) => kind !== 'accepted');
  if (refused !== undefined) throw new Error(`not accepted: ${JSON.stringify(refused)}`);
}
process.kill(process.pid, 'SIGKILL');
