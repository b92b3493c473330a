import type { Cancel, Clock } from '@belfry/core/clock';
import type { Service } from '@belfry/core/service';
import { UPSTREAM_NAMES, type UpstreamName, type Upstreams } from './upstreams.ts';

export type UpstreamHealth = {
  /** Unready while one of the services behind has no process that is ready. */
  readonly service: Service;
  /** Where the next request for it goes: those that are ready take turns; all of them, when none is. Undefined where there is none. */
  next(name: UpstreamName): string | undefined;
};

const INTERVAL_MS = 1_000;
const TIMEOUT_MS = 3_000;

/** Asks every process behind whether it is ready, once a second. */
export function createUpstreamHealth(upstreams: Upstreams, clock: Clock): UpstreamHealth {
  const problems = new Map<string, string>();
  const urls = [...new Set(Object.values(upstreams).flat())];
  let turn = 0;
  let stopped = false;
  let cancel: Cancel = () => {};

  const look = async (): Promise<void> => {
    await Promise.all(
      urls.map(async (url) => {
        const problem = await askReady(url);
        if (problem === undefined) problems.delete(url);
        else problems.set(url, problem);
      }),
    );
    if (!stopped) cancel = clock.schedule(INTERVAL_MS, () => void look());
  };

  return {
    service: {
      name: 'upstreams',
      start: look,
      stop: async () => {
        stopped = true;
        cancel();
      },
      unready() {
        const down = UPSTREAM_NAMES.filter(
          (name) => upstreams[name].length > 0 && upstreams[name].every((url) => problems.has(url)),
        );
        if (down.length === 0) return undefined;
        return down.map((name) => `${name}: ${problems.get(upstreams[name][0] ?? '')}`).join('; ');
      },
    },
    next(name) {
      const all = upstreams[name];
      const ready = all.filter((url) => !problems.has(url));
      const candidates = ready.length > 0 ? ready : all;
      turn += 1;
      return candidates[turn % candidates.length];
    },
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
