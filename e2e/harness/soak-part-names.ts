/** The parts of the soak, in the order in which they run. */
export const SOAK_PART_NAMES = [
  'kills',
  'idempotency',
  'backlog',
  'feed',
  'log',
  'store',
  'kafka',
  'kafka-append',
  'kafka-zombie',
  'kafka-worker',
] as const;

export type SoakPartName = (typeof SOAK_PART_NAMES)[number];

export function isSoakPartName(name: string): name is SoakPartName {
  return (SOAK_PART_NAMES as readonly string[]).includes(name);
}
