import { readFileSync } from 'node:fs';

/** `project_id` of a service account file. Throws, naming the file, when there is none. */
export function serviceAccountProject(file: string): string {
  const account: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const project = (account as { project_id?: unknown } | null)?.project_id;
  if (typeof project !== 'string') throw new Error(`${file}: has no project_id; is it a service account?`);
  return project;
}
