import type { Belfry, LaunchOptions } from './belfry.ts';
import { launchCompose } from './launch-compose.ts';
import { launchProcesses } from './launch-processes.ts';
import { launchStandalone } from './launch-standalone.ts';

export { type Belfry, type LaunchOptions, TEST_JWT_SECRET, TEST_KEY } from './belfry.ts';

type Stack = {
  readonly launch: (options: LaunchOptions) => Promise<Belfry>;
  /** Far above what it takes where there is nothing else to do: in a test a busy machine is not a broken one. */
  readonly restartLimitMs: number;
};

const STACKS: Readonly<Record<string, Stack>> = {
  standalone: { launch: launchStandalone, restartLimitMs: 15_000 },
  // Nine processes start at once and join their groups again.
  processes: { launch: launchProcesses, restartLimitMs: 60_000 },
  // Kafka and PostgreSQL were killed as well.
  compose: { launch: launchCompose, restartLimitMs: 240_000 },
};

/** Starts what `BELFRY_STACK` names (default `standalone`) and waits until it is ready. The specs see no more of the difference than its URL. */
export async function launchBelfry(options: LaunchOptions = {}): Promise<Belfry> {
  return namedStack().launch(options);
}

/** How long a start may take after a kill, in the median, whatever else the machine does. */
export function restartLimitMs(): number {
  return namedStack().restartLimitMs;
}

function namedStack(): Stack {
  const name = process.env.BELFRY_STACK || 'standalone';
  const stack = STACKS[name];
  if (stack === undefined)
    throw new Error(`BELFRY_STACK must be one of ${Object.keys(STACKS).join(', ')}, not ${name}`);
  return stack;
}
