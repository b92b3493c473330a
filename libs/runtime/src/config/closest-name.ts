/** The name that differs from `name` by the fewest edits, if it is near enough to have been meant: `mostEdits`, by default a third of its length. */
export function closestName(
  name: string,
  names: readonly string[],
  mostEdits: number = Math.floor(name.length / 3),
): string | undefined {
  let best: string | undefined;
  let fewest = mostEdits + 1;
  for (const candidate of names) {
    const edits = editDistance(name, candidate);
    if (edits < fewest) [best, fewest] = [candidate, edits];
  }
  return best;
}

/** Levenshtein distance, one row at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (from[line - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
