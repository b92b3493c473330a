import { randomBytes } from 'node:crypto';
import type { Clock } from '@belfry/core/clock';
import type { Store } from '@belfry/core/store/store';
import { realClock } from '@belfry/testing/real-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { Client } from 'pg';
import { createPostgresStore, type PostgresStoreOptions } from './create-postgres-store.ts';

export type TestSchema = {
  readonly name: string;
  /** A store on the schema, as a process of its own would have it. Its waits between repetitions are real ones whatever the clock. */
  open(clock: Pick<Clock, 'nowMs'>, options?: Partial<PostgresStoreOptions>): Promise<Store>;
  /** Runs a statement beside the stores. */
  query(text: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  drop(): Promise<void>;
};

/** A schema of its own on a server that others use too. */
export function createTestSchema(url: string): TestSchema {
  const name = `belfry_test_${randomBytes(8).toString('hex')}`;
  const query = async (text: string) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(`set search_path to ${name}`);
      const { rows } = await client.query<Record<string, unknown>>(text);
      return rows;
    } finally {
      await client.end();
    }
  };
  return {
    name,
    open: ({ nowMs }, options) =>
      createPostgresStore({
        url,
        schema: name,
        poolSize: 8,
        clock: { ...realClock, nowMs: () => nowMs() },
        random: createSeededRandom(1),
        ...options,
      }),
    query,
    async drop() {
      await query(`drop schema if exists ${name} cascade`);
    },
  };
}
