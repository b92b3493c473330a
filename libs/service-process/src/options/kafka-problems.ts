import type { ConfigProblem } from '@belfry/runtime';
import { entryProblems } from './entry-problems.ts';

const BROKER = /^[^\s:]+:\d{1,5}$/;

type Values = Readonly<Record<string, unknown>>;

/** What contradicts itself in `kafkaOptions`. */
export function kafkaProblems(values: Values): readonly ConfigProblem[] {
  if (!('KAFKA_BROKERS' in values)) return [];
  const brokers = values.KAFKA_BROKERS as readonly string[];
  const problems = [
    ...entryProblems('KAFKA_BROKERS', brokers, (broker) => (BROKER.test(broker) ? undefined : 'is no host:port')),
  ];
  const report = (variable: string, detail: string) => problems.push({ variable, detail });
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
