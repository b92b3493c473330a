import type { Found } from './need.ts';

/** How a server that a suite needs can be started: in a container, or as a process of this machine. */
export type Rung = 'docker' | 'process';

/** How to start one, where this rung can; or why it cannot. */
export type RungFinders<T> = Readonly<Record<Rung, () => Promise<Found<T>>>>;

/** The rungs that may be tried, in order: both, or the one that `BELFRY_LAUNCH` names. */
export function allowedRungs(): readonly Rung[] {
  const asked = process.env.BELFRY_LAUNCH ?? '';
  if (asked === '') return ['docker', 'process'];
  if (asked === 'docker' || asked === 'process') return [asked];
  throw new Error(`BELFRY_LAUNCH must be docker or process, but is ${asked}`);
}

/** What the first rung that works gives; else what each of them lacked. */
export async function climbRungs<T>(finders: RungFinders<T>): Promise<Found<T>> {
  const reasons: string[] = [];
  for (const rung of allowedRungs()) {
    const found = await finders[rung]();
    if (found.ok) return found;
    reasons.push(`${rung}: ${found.reason}`);
  }
  return { ok: false, reason: reasons.join('; ') };
}
