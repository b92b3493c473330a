export type { Commit } from './commit.ts';
export { type FeedOptions, type FeedTotals, runFeed } from './feed.ts';
export { createFollowGraph } from './follow-graph.ts';
export { readGit, readJsonl } from './read-commits.ts';
