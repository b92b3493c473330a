/* What an operator may set. Without imports, so that reading a configuration loads no library. */

/** What is wrong with a project id, which becomes a part of the path of every request; undefined when nothing is. */
export function projectIdProblem(projectId: string): string | undefined {
  return /^[A-Za-z0-9._:-]{1,100}$/.test(projectId)
    ? undefined
    : 'must be 1 to 100 letters, digits, "-", "_", "." and ":"';
}
