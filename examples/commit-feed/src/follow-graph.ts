import type { Commit } from './commit.ts';

export type FollowGraph = {
  /** Who follows any of the commit's paths, without its author, sorted; then lets the author follow what they keep changing. */
  followersOf(commit: Commit): readonly string[];
};

/**
 * Whoever has changed a path `followAfter` times follows it from then on, as people do who watch the parts of a repository that they work on. Pure: the same
 * commits in the same order give the same followers.
 */
export function createFollowGraph(followAfter: number): FollowGraph {
  const followers = new Map<string, Set<string>>();
  const changes = new Map<string, number>();
  return {
    followersOf(commit) {
      const found = new Set<string>();
      for (const path of commit.paths) {
        const key = `${commit.repository}:${path}`;
        const following = followers.get(key) ?? new Set();
        for (const follower of following) found.add(follower);
        const change = `${commit.author}@${key}`;
        const count = (changes.get(change) ?? 0) + 1;
        changes.set(change, count);
        if (count >= followAfter) followers.set(key, following.add(commit.author));
      }
      found.delete(commit.author);
      return [...found].sort();
    },
  };
}
