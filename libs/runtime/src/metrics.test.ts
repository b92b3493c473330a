import { describe, expect, it } from 'vitest';
import { METRICS } from './metric-table.ts';
import { createMetrics } from './metrics.ts';

describe('metrics', () => {
  it('are named as Prometheus asks: prefix, base unit, _total for counters, no name twice', () => {
    const names = Object.values(METRICS).map((metric) => metric.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, type, help } of Object.values(METRICS)) {
      expect(name).toMatch(/^belfry_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(type === 'histogram').toBe(name.endsWith('_seconds') && type !== 'gauge');
      expect(help).toMatch(/\.$/);
    }
  });

  it('count apart in two registries, and bring those of the process', async () => {
    const [one, two] = [createMetrics(), createMetrics({ processMetrics: false })];
    one.attempts.inc({ channel: 'fcm', outcome: 'retry', reason: 'throttled' }, 2);
    const [first, second] = [await one.registry.metrics(), await two.registry.metrics()];
    expect(first).toContain('belfry_attempts_total{channel="fcm",outcome="retry",reason="throttled"} 2');
    expect(first).toContain('nodejs_eventloop_lag_seconds');
    expect(second).not.toContain('throttled');
    expect(second).not.toContain('nodejs_');
  });
});
