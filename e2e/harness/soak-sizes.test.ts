import { describe, expect, it } from 'vitest';
import { parseSoakArguments, sizesOf } from './soak-sizes.ts';

describe('the arguments of the soak', () => {
  it('are all parts at their usual sizes when there are none', () => {
    const asked = parseSoakArguments([]);
    expect(asked).toMatchObject({
      kind: 'run',
      parts: [
        'kills',
        'idempotency',
        'backlog',
        'feed',
        'log',
        'store',
        'kafka',
        'kafka-append',
        'kafka-zombie',
        'kafka-worker',
      ],
    });
    const sizes = asked.kind === 'run' ? asked.sizes : undefined;
    // Those of the published promises.
    expect(sizes && sizesOf('kills', sizes)).toEqual({ kills: 200, notifications: 100_000 });
    expect(sizes).toMatchObject({
      keys: 1_000,
      'backlog-jobs': 1_000_000,
      'log-kills': 200,
      'log-records': 1_000_000,
      'log-flips': 10_000,
      'log-cut-every': 1,
      'log-cuts': 1_000,
      'kafka-notifications': 500_000,
      'kafka-faults': 100,
      'kafka-appends': 500_000,
      'kafka-append-kills': 50,
      'kafka-append-bursts': 20,
      'kafka-zombies': 50,
      'kafka-zombie-seconds': 60,
      'kafka-worker-records': 1_000_000,
      'kafka-worker-kills': 200,
      'kafka-worker-rebalances': 100,
    });
  });

  it('choose parts by name, in the order in which they run, and sizes', () => {
    expect(parseSoakArguments(['log', 'kills', '--kills', '3'])).toMatchObject({
      kind: 'run',
      parts: ['kills', 'log'],
      sizes: { kills: 3, notifications: 100_000 },
    });
    expect(parseSoakArguments(['--help'])).toEqual({ kind: 'help' });
  });

  it.each([
    [['nothing'], 'no part nothing'],
    [['--kills', '0'], '--kills must be a whole number from 1 to 5000'],
    [['--keys', '1.5'], '--keys'],
    [['--log-cuts', 'x'], '--log-cuts'],
    [['--log-kills', ''], '--log-kills'],
    [['--colour'], '--colour'],
  ])('%j are refused', (args, named) => {
    expect(parseSoakArguments(args)).toEqual({ kind: 'refused', detail: expect.stringContaining(named) });
  });
});
