import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { basename, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { type Commit, parseCommit } from './commit.ts';

/** Commits of a JSONL file, gzipped or not, in the order of the file. */
export async function* readJsonl(file: string): AsyncGenerator<Commit> {
  const stream = createReadStream(file);
  const input = file.endsWith('.gz') ? stream.pipe(createGunzip()) : stream;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line !== '') yield parseCommit(line);
  }
}

const FIELD = '\u001f';
const COMMIT = '\u001e';

/** Commits of a git repository after `since` (a commit, exclusive; undefined: from the beginning), oldest first, merges left out. */
export async function* readGit(repository: string, since: string | undefined): AsyncGenerator<Commit> {
  const range = since === undefined ? 'HEAD' : `${since}..HEAD`;
  const format = `--format=${COMMIT}%h${FIELD}%at${FIELD}%an${FIELD}%s`;
  const git = spawn('git', ['-C', repository, 'log', '--reverse', '--no-merges', '--name-only', format, range], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const name = basename(resolve(repository));
  let pending: { head: string; paths: Set<string> } | undefined;
  for await (const line of createInterface({ input: git.stdout })) {
    if (line.startsWith(COMMIT)) {
      if (pending !== undefined) yield toCommit(name, pending);
      pending = { head: line.slice(COMMIT.length), paths: new Set() };
    } else if (line !== '') {
      pending?.paths.add(line.split('/').slice(0, 2).join('/'));
    }
  }
  if (pending !== undefined) yield toCommit(name, pending);
}

function toCommit(repository: string, { head, paths }: { head: string; paths: Set<string> }): Commit {
  const [commit = '', time = '0', author = 'unknown', subject = ''] = head.split(FIELD);
  return {
    repository,
    commit,
    time: Number(time),
    author,
    subject: subject.slice(0, 120),
    paths: [...paths].slice(0, 20),
  };
}
