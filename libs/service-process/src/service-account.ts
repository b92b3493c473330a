import { parseJsonFile, readConfiguredFile } from './configured-file.ts';

const VARIABLE = 'GOOGLE_APPLICATION_CREDENTIALS';
const MEMBERS = ['project_id', 'client_email', 'private_key'] as const;

/**
 * `project_id` of a service account file. Throws, naming the variable, the file and what is wrong, when it cannot be one: otherwise the first phone that is sent to would find
 * out. Says nothing of what is in it.
 */
export function serviceAccountProject(file: string): string {
  const account = parseJsonFile(file, readConfiguredFile(file, VARIABLE), VARIABLE) as Record<string, unknown> | null;
  const missing = MEMBERS.find((name) => typeof account?.[name] !== 'string');
  if (missing !== undefined) throw new Error(`${VARIABLE}: ${file} has no ${missing}; is it a service account?`);
  return String(account?.project_id);
}
