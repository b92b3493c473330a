import type { ConfigProblem } from '@belfry/runtime';

type Values = Readonly<Record<string, unknown>>;

/** What cannot work in the options of the store and the backplane. The URLs themselves are never shown: they may hold a password. */
export function backendProblems(values: Values): readonly ConfigProblem[] {
  return [...storeProblems(values), ...backplaneProblems(values)];
}

function storeProblems(values: Values): readonly ConfigProblem[] {
  if (!('POSTGRES_SCHEMA' in values)) return [];
  const problems: ConfigProblem[] = [];
  if (values.POSTGRES_URL === undefined && values.POSTGRES_URL_FILE === undefined) {
    problems.push({ variable: 'POSTGRES_URL', detail: 'or POSTGRES_URL_FILE is required' });
  }
  if (typeof values.POSTGRES_URL === 'string' && !/^postgres(?:ql)?:\/\//.test(values.POSTGRES_URL)) {
    problems.push({ variable: 'POSTGRES_URL', detail: 'must look like postgres://user:password@host:port/database' });
  }
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(String(values.POSTGRES_SCHEMA))) {
    problems.push({
      variable: 'POSTGRES_SCHEMA',
      detail: 'must be 1 to 63 of a-z, 0-9 and _, and not begin with a digit',
    });
  }
  return problems;
}

function backplaneProblems(values: Values): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const hasRedis = values.REDIS_URL !== undefined || values.REDIS_URL_FILE !== undefined;
  if (values.BELFRY_BACKPLANE === 'redis' && !hasRedis) {
    problems.push({ variable: 'BELFRY_BACKPLANE', detail: 'is redis, so REDIS_URL or REDIS_URL_FILE is required' });
  }
  if (typeof values.REDIS_URL === 'string' && !/^rediss?:\/\//.test(values.REDIS_URL)) {
    problems.push({ variable: 'REDIS_URL', detail: 'must look like redis://user:password@host:port' });
  }
  return problems;
}
