import type { Cancel, Clock } from '@belfry/core/clock';
import type { Service } from '@belfry/core/service';

const INTERVAL_MS = 1_000;
const TIMEOUT_MS = 3_000;

/** Asks every service behind whether it is ready; the edge is ready when all are. */
export function createUpstreamHealth(upstreams: Readonly<Record<string, string | undefined>>, clock: Clock): Service {
  const problems = new Map<string, string>();
  let stopped = false;
  let cancel: Cancel = () => {};

  const look = async (): Promise<void> => {
    const looks = Object.entries(upstreams).map(async ([name, url]) => {
      const problem = url === undefined ? undefined : await askReady(url);
      if (problem === undefined) problems.delete(name);
      else problems.set(name, problem);
    });
    await Promise.all(looks);
    if (!stopped) cancel = clock.schedule(INTERVAL_MS, () => void look());
  };

  return {
    name: 'upstreams',
    start: look,
    stop: async () => {
      stopped = true;
      cancel();
    },
    unready: () =>
      problems.size === 0 ? undefined : [...problems].map(([name, problem]) => `${name}: ${problem}`).join('; '),
  };
}

/** Why it is not ready; undefined when it is. */
async function askReady(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.ok ? undefined : `answers ${response.status}`;
  } catch {
    return 'does not answer';
  }
}
