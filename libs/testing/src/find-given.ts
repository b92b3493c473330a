import type { Found } from './need.ts';

/**
 * The server whose address is in the environment; where there is none, or `BELFRY_LAUNCH` asks for a certain way of starting one, what `otherwise` finds.
 * An address that does not answer is a reason and no cue to use something else: who gave it meant it.
 */
export async function findGiven<T>(
  variable: string,
  connect: (address: string) => Promise<T>,
  otherwise: () => Promise<Found<T>>,
): Promise<Found<T>> {
  const address = process.env[variable];
  if (!address || process.env.BELFRY_LAUNCH) return otherwise();
  try {
    return { ok: true, value: await connect(address) };
  } catch (error) {
    return { ok: false, reason: `${variable}=${address}: ${error instanceof Error ? error.message : String(error)}` };
  }
}
