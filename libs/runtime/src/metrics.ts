import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS } from './metric-table.ts';

type Label<Definition> = Definition extends { readonly labels: readonly (infer Name extends string)[] } ? Name : never;

type Instrument<Definition> = Definition extends { readonly type: 'counter' }
  ? Counter<Label<Definition>>
  : Definition extends { readonly type: 'gauge' }
    ? Gauge<Label<Definition>>
    : Histogram<Label<Definition>>;

/** One instrument per row of the metric table, by its key, typed with its labels. */
export type Metrics = { readonly [Key in keyof typeof METRICS]: Instrument<(typeof METRICS)[Key]> } & {
  /** What `/metrics` answers. */
  readonly registry: Registry;
};

export type MetricsOptions = {
  /** Also memory, CPU, garbage collection and event-loop lag of the process. On by default. */
  readonly processMetrics?: boolean;
};

/** A registry of its own, so that two hosts in one test do not share counts. A process makes one and hands it to every service. */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  const instruments = Object.entries(METRICS).map(([key, definition]) => {
    const common = {
      name: definition.name,
      help: definition.help,
      labelNames: definition.labels,
      registers: [registry],
    };
    if (definition.type === 'counter') return [key, new Counter(common)];
    if (definition.type === 'gauge') return [key, new Gauge(common)];
    return [key, new Histogram({ ...common, buckets: [...definition.buckets] })];
  });
  if (options.processMetrics ?? true) collectDefaultMetrics({ register: registry });
  return { ...Object.fromEntries(instruments), registry };
}
