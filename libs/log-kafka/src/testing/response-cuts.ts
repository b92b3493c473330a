import type { Toxic } from '@belfry/testing/toxiproxy';

/**
 * Ways in which what a broker answers does not arrive. A new connection needs some 500 bytes of answers before it sends records: around there the records are
 * stored, and again when the client repeats them, but what the broker says to them is cut off.
 */
export const RESPONSE_CUTS: readonly Toxic[] = [
  ...[250, 900, 1_500].map(limitData),
  ...[5, 40, 120].map((timeout): Toxic => ({ type: 'reset_peer', attributes: { timeout } })),
  ...[50, 300].map((timeout): Toxic => ({ type: 'timeout', attributes: { timeout } })),
  ...Array.from({ length: 18 }, (_, step) => limitData(420 + 20 * step)),
  { ...limitData(600), toxicity: 0.5 },
];

function limitData(bytes: number): Toxic {
  return { type: 'limit_data', attributes: { bytes } };
}
