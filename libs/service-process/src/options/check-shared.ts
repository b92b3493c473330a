import type { ConfigProblem } from '@belfry/runtime';
import { secretProblems } from './secret-option.ts';

type Values = Readonly<Record<string, unknown>>;

const SECRETS = [
  'BELFRY_API_KEY',
  'BELFRY_JWT_SECRET',
  'BELFRY_COOKIE_SECRET',
  'KAFKA_SASL_PASSWORD',
  'POSTGRES_URL',
  'REDIS_URL',
];

/** What contradicts itself in the option groups of this package, whichever of them a table has. For `check` of a service's table. */
export function checkShared(values: Values): readonly ConfigProblem[] {
  return [...secretProblems(values, SECRETS), ...kafkaProblems(values), ...backplaneProblems(values)].concat(
    storeProblems(values),
  );
}

function kafkaProblems(values: Values): readonly ConfigProblem[] {
  if (!('KAFKA_BROKERS' in values)) return [];
  const problems: ConfigProblem[] = [];
  const report = (variable: string, detail: string) => problems.push({ variable, detail });
  for (const broker of values.KAFKA_BROKERS as readonly string[]) {
    if (!/^[^\s:]+:\d{1,5}$/.test(broker)) report('KAFKA_BROKERS', `has "${broker}", which is no host:port`);
  }
  const copies = Number(values.KAFKA_REPLICATION_FACTOR);
  const inSync = Number(values.KAFKA_MIN_INSYNC_REPLICAS);
  if (inSync > copies) {
    report(
      'KAFKA_MIN_INSYNC_REPLICAS',
      `must be at most KAFKA_REPLICATION_FACTOR, which is ${copies}, but is ${inSync}`,
    );
  }
  if ((values.KAFKA_TLS_CERT === undefined) !== (values.KAFKA_TLS_KEY === undefined)) {
    report('KAFKA_TLS_CERT', 'and KAFKA_TLS_KEY are needed together');
  }
  for (const name of ['KAFKA_TLS_CA', 'KAFKA_TLS_CERT']) {
    if (values[name] !== undefined && values.KAFKA_TLS === false) report(name, 'needs KAFKA_TLS=true');
  }
  const mechanism = values.KAFKA_SASL_MECHANISM as string | undefined;
  const isPassword = mechanism !== undefined && mechanism !== 'oauthbearer';
  const hasPassword = values.KAFKA_SASL_PASSWORD !== undefined || values.KAFKA_SASL_PASSWORD_FILE !== undefined;
  if (isPassword && values.KAFKA_SASL_USERNAME === undefined)
    report('KAFKA_SASL_USERNAME', `is required by ${mechanism}`);
  if (isPassword && !hasPassword)
    report('KAFKA_SASL_PASSWORD', `or KAFKA_SASL_PASSWORD_FILE is required by ${mechanism}`);
  if (mechanism === 'oauthbearer' && values.KAFKA_SASL_TOKEN_FILE === undefined) {
    report('KAFKA_SASL_TOKEN_FILE', 'is required by oauthbearer');
  }
  if (mechanism === undefined && (hasPassword || values.KAFKA_SASL_USERNAME !== undefined)) {
    report('KAFKA_SASL_MECHANISM', 'is required when a user name or a password is set');
  }
  return problems;
}

function storeProblems(values: Values): readonly ConfigProblem[] {
  if (!('POSTGRES_SCHEMA' in values)) return [];
  const problems: ConfigProblem[] = [];
  if (values.POSTGRES_URL === undefined && values.POSTGRES_URL_FILE === undefined) {
    problems.push({ variable: 'POSTGRES_URL', detail: 'or POSTGRES_URL_FILE is required' });
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
  const hasRedis = values.REDIS_URL !== undefined || values.REDIS_URL_FILE !== undefined;
  if (values.BELFRY_BACKPLANE !== 'redis' || hasRedis) return [];
  return [{ variable: 'BELFRY_BACKPLANE', detail: 'is redis, so REDIS_URL or REDIS_URL_FILE is required' }];
}
