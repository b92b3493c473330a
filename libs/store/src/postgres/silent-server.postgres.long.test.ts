import { findPostgresLauncher, type LaunchedPostgres } from '@belfry/testing/launch-postgres';
import { describeNeeding } from '@belfry/testing/need';
import { realClock } from '@belfry/testing/real-clock';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestSchema } from './test-schema.fixture.ts';

const ANN = { tenant: 'acme', user: 'ann' };

describeNeeding('postgres', await findPostgresLauncher(), 'a PostgreSQL that goes silent', (launchPostgres) => {
  let postgres: LaunchedPostgres;
  beforeAll(async () => {
    postgres = await launchPostgres();
  }, 90_000);
  afterAll(() => postgres?.stop());

  it('keeps nobody waiting for ever, and is used again when it is back', { timeout: 180_000 }, async () => {
    const store = await createTestSchema(postgres.url).open(realClock, { poolSize: 2 });
    await store.heads([ANN]);
    await postgres.pause();
    // More calls than connections: some wait for the server, some for a connection.
    const ticket = { ...ANN, expiresAtMs: 0 };
    const calls = [1, 2, 3, 4].map((call) =>
      store.createTicket(`hash-${call}`, ticket).catch((error: unknown) => error),
    );
    expect(await Promise.all(calls)).toEqual(calls.map(() => expect.objectContaining({ code: 'store-unavailable' })));
    await postgres.resume();
    await expect.poll(() => store.heads([ANN]).catch(() => undefined), { timeout: 60_000 }).toEqual([0]);
    await store.close();
  });
});
