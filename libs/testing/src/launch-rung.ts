import type { Found } from './need.ts';

/** How a server that a suite needs can be started: in a container, or as a process of this machine. */
export type Rung = 'docker' | 'process';

/** How to start one, where this rung can; or why it cannot. */
export type RungFinders<T> = Readonly<Record<Rung, () => Promise<Found<T>>>>;

/** The rungs that may be tried, in order: both, the one that `BELFRY_LAUNCH` names, or with `none` nothing. */
export function allowedRungs(): readonly Rung[] {
  const asked = process.env.BELFRY_LAUNCH ?? '';
  if (asked === '') return ['docker', 'process'];
  if (asked === 'none') return [];
  if (asked === 'docker' || asked === 'process') return [asked];
  throw new Error(`BELFRY_LAUNCH must be docker, process or none, but is ${asked}`);
}

/** What the first rung that works gives; else what each of them lacked. */
export async function climbRungs<T>(finders: RungFinders<T>): Promise<Found<T>> {
  const rungs = allowedRungs();
  if (rungs.length === 0) return { ok: false, reason: 'BELFRY_LAUNCH=none starts nothing' };
  const reasons: string[] = [];
  for (const rung of rungs) {
    const found = await finders[rung]();
    if (found.ok) return found;
    reasons.push(`${rung}: ${found.reason}`);
  }
  return { ok: false, reason: reasons.join('; ') };
}
