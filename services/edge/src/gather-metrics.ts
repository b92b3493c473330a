import { lookup } from 'node:dns/promises';
import type { Logger, Metrics } from '@belfry/runtime';
import { type MetricsPage, mergeMetrics } from './merge-metrics.ts';

const TIMEOUT_MS = 3_000;

/** The metrics of this process and of every process behind these base URLs. One that does not answer is left out, with a line in the log. */
export async function gatherMetrics(urls: readonly string[], metrics: Metrics, logger: Logger): Promise<string> {
  const own = { instance: 'edge', text: await metrics.registry.metrics() };
  const found = await Promise.all(
    urls.map(async (url) => {
      try {
        return await pagesOf(new URL(url));
      } catch (error) {
        logger.warn({ url, err: error }, 'metrics of a service are missing');
        return [];
      }
    }),
  );
  return mergeMetrics([own, ...found.flat()]);
}

/** A name may stand for several processes. */
async function pagesOf(url: URL): Promise<readonly MetricsPage[]> {
  const addresses = await lookup(url.hostname.replace(/^\[(.*)\]$/, '$1'), { all: true });
  return Promise.all(
    addresses.map(async ({ address, family }) => {
      const instance = `${family === 6 ? `[${address}]` : address}:${url.port || '80'}`;
      const response = await fetch(`http://${instance}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      return { instance, text: await response.text() };
    }),
  );
}
