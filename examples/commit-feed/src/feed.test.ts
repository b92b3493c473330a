import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Commit } from './commit.ts';
import { commitNotifications } from './commit-notifications.ts';
import { createFollowGraph } from './follow-graph.ts';
import { readGit, readJsonl } from './read-commits.ts';

const commit = (author: string, paths: string[], id = 'c1'): Commit => ({
  repository: 'r',
  commit: id,
  time: 0,
  author,
  subject: 'Subject',
  paths,
});

describe('the follow graph', () => {
  it('lets an author follow a path from the n-th change on', () => {
    const graph = createFollowGraph(2);
    expect(graph.followersOf(commit('ann', ['a']))).toEqual([]);
    expect(graph.followersOf(commit('bob', ['a']))).toEqual([]);
    expect(graph.followersOf(commit('ann', ['a']))).toEqual([]);
    expect(graph.followersOf(commit('bob', ['a', 'b']))).toEqual(['ann']);
    expect(graph.followersOf(commit('cid', ['a']))).toEqual(['ann', 'bob']);
  });
});

describe('notifications of a commit', () => {
  it('tells the author alone when nobody follows', () => {
    expect(commitNotifications(commit('ann', ['a']), [])).toMatchObject([{ id: 'c1-landed', to: { users: ['ann'] } }]);
  });

  it('tells the followers under an id of its own', () => {
    const [, touched] = commitNotifications(commit('ann', ['a']), ['bob', 'cid']);
    expect(touched).toMatchObject({ id: 'c1-touched', to: { users: ['bob', 'cid'] } });
  });
});

describe('reading commits', () => {
  it('reads every commit of the shipped file', async () => {
    const file = fileURLToPath(new URL('../data/commits.jsonl.gz', import.meta.url));
    let count = 0;
    const authors = new Set<string>();
    for await (const each of readJsonl(file)) {
      count++;
      authors.add(each.author);
    }
    expect([count, authors.size]).toEqual([16_133, 1_936]);
  });

  it('reads a git repository, oldest first', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'belfry-git-'));
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', directory, '-c', 'user.name=Ann', '-c', 'user.email=ann@example.com', ...args]);
    try {
      git('init', '-q');
      for (const name of ['one', 'two']) {
        writeFileSync(`${directory}/${name}`, name);
        git('add', name);
        git('commit', '-q', '-m', `add ${name}`);
      }
      const found: Commit[] = [];
      for await (const each of readGit(directory, undefined)) found.push(each);
      expect(found).toMatchObject([
        { author: 'Ann', subject: 'add one', paths: ['one'] },
        { author: 'Ann', subject: 'add two', paths: ['two'] },
      ]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
