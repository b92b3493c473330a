/** One commit, as far as an upstream that notifies people needs it. */
export type Commit = {
  readonly repository: string;
  readonly commit: string;
  /** Unix seconds. */
  readonly time: number;
  readonly author: string;
  readonly subject: string;
  readonly paths: readonly string[];
};

/** Reads a line of the JSONL form. Throws on anything else: a feed with holes would notify wrongly. */
export function parseCommit(line: string): Commit {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null || !('commit' in value) || !('paths' in value)) {
    throw new Error(`not a commit: ${line.slice(0, 80)}`);
  }
  return value as Commit;
}
