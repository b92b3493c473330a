import type { ConfigProblem } from '@belfry/runtime';
import { backendProblems } from './backend-problems.ts';
import { kafkaProblems } from './kafka-problems.ts';
import { pushProblems } from './push-problems.ts';
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

/** What cannot work or contradicts itself in the option groups that services share, whichever of them a table has. For `check` of a service's table. */
export function checkShared(values: Values): readonly ConfigProblem[] {
  return [
    ...secretProblems(values, SECRETS),
    ...pushProblems(values),
    ...kafkaProblems(values),
    ...backendProblems(values),
  ];
}
