import type { Random } from '@belfry/core/random';
import { type ApiKey, SCOPES, type Scope } from '@belfry/core/store/credentials';
import { tenantSchema } from '@belfry/protocol/identifiers';
import { apiKeyId, createApiKey, hashSecret } from '@belfry/runtime';
import { z } from 'zod';
import { parseJsonFile, readConfiguredFile } from './configured-file.ts';

/** Whose the key of `BELFRY_API_KEY` is. */
export const API_KEY_TENANT = 'default';

const VARIABLE = 'BELFRY_API_KEYS';
const ENTRIES_MAX = 1_000;

/** An entry of the file: the key itself, or its SHA-256, so that the file need not be a secret. */
const entrySchema = z
  .strictObject({
    id: z.string('must be text').regex(/^[A-Za-z0-9-]{1,64}$/, 'must be 1 to 64 letters, digits and "-"'),
    tenant: tenantSchema,
    scopes: z.array(z.enum(SCOPES, `must be one of ${SCOPES.join(', ')}`)).min(1, 'must have at least one scope'),
    key: z.string().optional(),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/i, 'must be 64 hex digits: the SHA-256 of the whole key')
      .optional(),
    expiresAt: z.iso.datetime({ offset: true, error: 'must be a time such as 2027-01-31T00:00:00Z' }).optional(),
  })
  .refine(({ key, sha256 }) => (key === undefined) !== (sha256 === undefined), {
    path: ['sha256'],
    error: 'or key is needed, and not both',
  })
  .refine(({ id, key }) => key === undefined || (key.startsWith(`bk_${id}_`) && apiKeyId(key) === id), {
    path: ['key'],
    error: 'must be bk_, the id, _ and 16 to 256 visible ASCII characters',
  });

type Entry = z.infer<typeof entrySchema>;

/** What is wrong with an entry. */
export type EntryProblem = { readonly field: string; readonly detail: string };

/**
 * All keys of the API that are configured: the operator's own, with every scope, and those of the file of `BELFRY_API_KEYS`. Throws, naming the variable, the file, the entry and the field, when
 * the file cannot be used.
 */
export function configuredApiKeys(
  config: { readonly BELFRY_API_KEYS?: string | undefined },
  operatorKey: string,
): readonly ApiKey[] {
  const operator = {
    id: apiKeyId(operatorKey) ?? 'dev',
    tenant: API_KEY_TENANT,
    secretHash: hashSecret(operatorKey),
    scopes: SCOPES,
    expiresAtMs: undefined,
  };
  const { BELFRY_API_KEYS: file } = config;
  return file === undefined ? [operator] : [operator, ...readEntries(file, operator.id).map(toApiKey)];
}

function readEntries(file: string, operatorId: string): readonly Entry[] {
  const content = parseJsonFile(file, readConfiguredFile(file, VARIABLE), VARIABLE);
  if (!Array.isArray(content) || content.length > ENTRIES_MAX) {
    throw new Error(`${VARIABLE}: ${file} must be a list of at most ${ENTRIES_MAX} keys`);
  }
  const taken = new Map([[operatorId, 'BELFRY_API_KEY']]);
  return content.map((each: unknown, index) => {
    const problem = apiKeyEntryProblem(each) ?? duplicateProblem(each as Entry, taken);
    if (problem !== undefined) throw new Error(`${VARIABLE}: ${file}: /${index}${problem.field} ${problem.detail}`);
    taken.set((each as Entry).id, `/${index}`);
    return each as Entry;
  });
}

/** The first thing that is wrong with an entry; never what is in a secret field. */
export function apiKeyEntryProblem(entry: unknown): EntryProblem | undefined {
  const [issue] = entrySchema.safeParse(entry).error?.issues ?? [];
  if (issue === undefined) return undefined;
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
  const detail = issue.code === 'unrecognized_keys' ? 'is not known here' : issue.message;
  return { field: path.map((part) => `/${String(part)}`).join(''), detail };
}

/** Two keys of one id: the second would be the only one that counts. */
function duplicateProblem({ id }: Entry, taken: ReadonlyMap<string, string>): EntryProblem | undefined {
  const first = taken.get(id);
  return first === undefined ? undefined : { field: '/id', detail: `is "${id}", as that of ${first}` };
}

function toApiKey({ id, tenant, scopes, key, sha256, expiresAt }: Entry): ApiKey {
  return {
    id,
    tenant,
    secretHash: key === undefined ? (sha256 ?? '').toLowerCase() : hashSecret(key),
    scopes,
    expiresAtMs: expiresAt === undefined ? undefined : Date.parse(expiresAt),
  };
}

/** A new key, and its entry for the file: only who is given the key has it. */
export function newApiKey(
  facts: { readonly id: string; readonly tenant: string; readonly scopes: readonly Scope[] },
  random: Random,
): { readonly key: string; readonly entry: Omit<Entry, 'scopes'> & { readonly scopes: readonly Scope[] } } {
  const key = createApiKey(facts.id, random);
  return { key, entry: { ...facts, sha256: hashSecret(key) } };
}
