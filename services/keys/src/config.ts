import { SCOPES, type Scope } from '@belfry/core/store/credentials';
import {
  type ConfigProblem,
  type ConfigValues,
  defineConfig,
  defineOptions,
  list,
  path,
  string,
} from '@belfry/runtime';
import { API_KEY_TENANT, apiKeyEntryProblem } from '@belfry/service-process';

const GROUP = 'A new API key';

const OPTIONS = defineOptions({
  BELFRY_KEYS: {
    type: path(),
    optional: true,
    description:
      'Folder to make api-key, jwt-secret, cookie-secret and vapid-keys.json in, readable by the owner alone. Required, except for a new API key.',
    group: 'Credentials',
  },
  BELFRY_NEW_API_KEY: {
    type: string(),
    optional: true,
    description:
      'Id of an API key to make. It is printed with its entry for the file of BELFRY_API_KEYS, which has no more of it than a hash; nothing is stored.',
    group: GROUP,
  },
  BELFRY_NEW_API_KEY_TENANT: {
    type: string(),
    default: API_KEY_TENANT,
    description: 'Tenant that the key is for.',
    group: GROUP,
  },
  BELFRY_NEW_API_KEY_SCOPES: {
    type: list(),
    default: ['notifications:write', 'notifications:read'],
    description: `What it may do: ${SCOPES.join(', ')}.`,
    group: GROUP,
  },
});

type Values = ConfigValues<typeof OPTIONS>;

export const CONFIG = defineConfig({
  program: 'node services/keys/src/main.ts',
  summary:
    'Makes the keys that the services share and that are not there yet, and ends. Any number of them may run at once. Or prints a new API key.',
  environment: 'shared',
  options: OPTIONS,
  check: (values) => [...folderProblems(values), ...newKeyProblems(values)],
});

/** The facts of the key that is to be made; undefined where none is. */
export function newKeyFacts(values: Values) {
  const { BELFRY_NEW_API_KEY: id, BELFRY_NEW_API_KEY_TENANT: tenant, BELFRY_NEW_API_KEY_SCOPES: scopes } = values;
  return id === undefined ? undefined : { id, tenant, scopes: scopes as readonly Scope[] };
}

function folderProblems({ BELFRY_KEYS: folder, BELFRY_NEW_API_KEY: id }: Values): readonly ConfigProblem[] {
  if (folder !== undefined || id !== undefined) return [];
  return [{ variable: 'BELFRY_KEYS', detail: 'is required: a file path' }];
}

const VARIABLES: Readonly<Record<string, string>> = {
  id: 'BELFRY_NEW_API_KEY',
  tenant: 'BELFRY_NEW_API_KEY_TENANT',
  scopes: 'BELFRY_NEW_API_KEY_SCOPES',
};

function newKeyProblems(values: Values): readonly ConfigProblem[] {
  const facts = newKeyFacts(values);
  // With any hash, as the key itself is not there yet.
  const problem = facts && apiKeyEntryProblem({ ...facts, sha256: '0'.repeat(64) });
  if (problem === undefined) return [];
  const [, field = ''] = problem.field.split('/');
  return [{ variable: VARIABLES[field] ?? 'BELFRY_NEW_API_KEY', detail: problem.detail }];
}
