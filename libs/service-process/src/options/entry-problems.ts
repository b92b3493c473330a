import type { ConfigProblem } from '@belfry/runtime';

/** The entries of a list that are wrong, each with what is wrong with it; `problemOf` completes the sentence "which …". */
export function entryProblems(
  variable: string,
  entries: readonly string[] | undefined,
  problemOf: (entry: string) => string | undefined,
): readonly ConfigProblem[] {
  return (entries ?? []).flatMap((entry) => {
    const problem = problemOf(entry);
    return problem === undefined ? [] : [{ variable, detail: `has "${entry}", which ${problem}` }];
  });
}
