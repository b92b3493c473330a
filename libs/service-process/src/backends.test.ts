import { createLogger } from '@belfry/runtime';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { createBackendProbe } from './backend-probe.ts';
import { waitFor } from './wait-for.ts';

function recorded() {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({ level: 'info', destination: { write: (line) => lines.push(JSON.parse(line)) } });
  return { lines, logger };
}

describe('waitFor', () => {
  it('tries again with growing pauses and says what it waits for and why', async () => {
    const clock = createFakeClock();
    const { lines, logger } = recorded();
    let tries = 0;
    const opened = waitFor(
      'Kafka at 127.0.0.1:9092',
      async () => {
        tries += 1;
        if (tries < 4) throw new AggregateError([new Error('connect ECONNREFUSED')]);
        return 'open';
      },
      { clock, logger, withinMs: 60_000 },
    );
    await clock.advance(250 + 500 + 1_000);
    expect(await opened).toBe('open');
    expect(lines.map(({ msg, reason, againInMs }) => [msg, reason, againInMs])).toEqual([
      ['waiting for Kafka at 127.0.0.1:9092', 'connect ECONNREFUSED', 250],
      ['waiting for Kafka at 127.0.0.1:9092', 'connect ECONNREFUSED', 500],
      ['waiting for Kafka at 127.0.0.1:9092', 'connect ECONNREFUSED', 1_000],
    ]);
  });

  it('gives up in time, with the last reason', async () => {
    const clock = createFakeClock();
    const waiting = waitFor('PostgreSQL', () => Promise.reject(new Error('no such database')), {
      clock,
      logger: recorded().logger,
      withinMs: 1_000,
    });
    const outcome = expect(waiting).rejects.toThrow('PostgreSQL: no success within 1 s: no such database');
    await clock.advance(1_000);
    await outcome;
  });
});

describe('a backend probe', () => {
  it('takes readiness away while there is no answer, and says so once', async () => {
    const clock = createFakeClock();
    const { lines, logger } = recorded();
    let answer: () => Promise<unknown> = async () => {};
    const probe = createBackendProbe({ name: 'Kafka', ask: () => answer(), decides: true, clock, logger });
    await probe.start();
    await clock.advance(5_000);
    expect(probe.unready?.()).toBeUndefined();

    answer = () => Promise.reject(new Error('broker is gone'));
    await clock.advance(10_000);
    expect(probe.unready?.()).toBe('Kafka does not answer: broker is gone');
    answer = () => new Promise(() => {});
    await clock.advance(10_000);
    expect(probe.unready?.()).toBe('Kafka does not answer: no answer within 5000 ms');
    answer = async () => {};
    await clock.advance(10_000);
    expect(probe.unready?.()).toBeUndefined();
    expect(lines.map(({ msg }) => msg)).toEqual(['Kafka does not answer', 'Kafka answers again']);
    await probe.stop();
  });

  it('only tells where the service can do without', async () => {
    const clock = createFakeClock();
    const { lines, logger } = recorded();
    const ask = () => Promise.reject(new Error('away'));
    const probe = createBackendProbe({ name: 'Kafka', ask, decides: false, clock, logger });
    await probe.start();
    await clock.advance(5_000);
    expect(probe.unready?.()).toBeUndefined();
    expect(lines).toHaveLength(1);
    await probe.stop();
  });
});
