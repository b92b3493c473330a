import { createSeededRandom } from '@belfry/testing/seeded-random';
import { describe, expect, it } from 'vitest';
import { mergeMetrics } from './merge-metrics.ts';
import { spreadLookup } from './upstream-agent.ts';
import { upstreamOf } from './upstreams.ts';

describe('upstreamOf', () => {
  it.each([
    ['/v1/realtime', 'realtime'],
    ['/v1/events', 'realtime'],
    ['/v1/eventsfeed', 'api'],
    ['/v1/notifications', 'api'],
    ['/v1', 'api'],
    ['/v10/x', 'console'],
    ['/docs', 'api'],
    ['/docs/errors', 'api'],
    ['/openapi.json', 'api'],
    ['/examples/invoices', 'examples'],
    ['/', 'console'],
    ['/console/api/timeline', 'console'],
    ['/health/ready', undefined],
    ['/metrics', undefined],
    ['/metricsx', 'console'],
  ])('%s → %s', (path, upstream) => {
    expect(upstreamOf(path, true)).toBe(upstream);
  });

  it('gives the examples to the console where there is no upstream for them', () => {
    expect(upstreamOf('/examples/invoices', false)).toBe('console');
  });
});

describe('mergeMetrics', () => {
  it('shows each family once, each line with its process', () => {
    const page = (value: number) =>
      `# HELP a_total As.\n# TYPE a_total counter\na_total{kind="x}y"} ${value}\n\n# HELP b Bs.\n# TYPE b gauge\nb ${value}\nb{} ${value}\n`;
    const merged = mergeMetrics([
      { instance: '10.0.0.1:80', text: page(1) },
      { instance: '10.0.0.2:80', text: page(2) },
    ]);
    expect(merged).toBe(
      [
        '# HELP a_total As.',
        '# TYPE a_total counter',
        'a_total{kind="x}y",instance="10.0.0.1:80"} 1',
        'a_total{kind="x}y",instance="10.0.0.2:80"} 2',
        '# HELP b Bs.',
        '# TYPE b gauge',
        'b{instance="10.0.0.1:80"} 1',
        'b{instance="10.0.0.1:80"} 1',
        'b{instance="10.0.0.2:80"} 2',
        'b{instance="10.0.0.2:80"} 2',
        '',
      ].join('\n'),
    );
  });
});

describe('spreadLookup', () => {
  const resolve = (hostname: string, all: boolean) =>
    new Promise((done, failed) => {
      spreadLookup(createSeededRandom(1))(hostname, { all }, (error, address, family) =>
        error === null ? done(all ? address : { address, family }) : failed(error),
      );
    });

  it('answers as Node asks: all addresses, or one', async () => {
    expect(await resolve('127.0.0.1', true)).toEqual([{ address: '127.0.0.1', family: 4 }]);
    expect(await resolve('127.0.0.1', false)).toEqual({ address: '127.0.0.1', family: 4 });
  });

  it('says when a name is unknown', async () => {
    await expect(resolve('nobody.invalid', true)).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
  });
});
