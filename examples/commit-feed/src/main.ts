import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { runFeed } from './feed.ts';
import { readGit, readJsonl } from './read-commits.ts';

const HELP = `Tells authors and followers about commits.

  node examples/commit-feed/src/main.ts --key KEY (--jsonl FILE | --git REPOSITORY [--since COMMIT])

  --url URL            where Belfry is (http://localhost:8080)
  --key KEY            API key with notifications:write (or BELFRY_API_KEY)
  --jsonl FILE         read commits from a JSONL file, gzipped or not
  --git REPOSITORY     read the history of a git repository
  --since COMMIT       with --git: only what came after this commit
  --follow-after N     changes of a path after which its author follows it (20)
`;

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://localhost:8080' },
    key: { type: 'string', default: process.env.BELFRY_API_KEY ?? '' },
    jsonl: { type: 'string' },
    git: { type: 'string' },
    since: { type: 'string' },
    'follow-after': { type: 'string', default: '20' },
    help: { type: 'boolean', default: false },
  },
});

const followAfter = Number(values['follow-after']);
if (
  values.help ||
  values.key === '' ||
  !(followAfter >= 1) ||
  (values.jsonl === undefined) === (values.git === undefined)
) {
  process.stderr.write(HELP);
  process.exit(values.help ? 0 : 2);
}

const commits = values.jsonl !== undefined ? readJsonl(values.jsonl) : readGit(values.git ?? '.', values.since);
const totals = await runFeed({
  target: { url: values.url, key: values.key },
  commits,
  followAfter,
  pause: async (ms) => {
    await pause(ms);
  },
});
process.stdout.write(
  `${totals.commits} commits, ${totals.notifications} notifications, ${totals.recipients} recipients: accepted\n`,
);
