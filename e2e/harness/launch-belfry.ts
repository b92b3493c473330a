import type { Belfry, LaunchOptions } from './belfry.ts';
import { launchCompose } from './launch-compose.ts';
import { launchProcesses } from './launch-processes.ts';
import { launchStandalone } from './launch-standalone.ts';

export { type Belfry, type LaunchOptions, TEST_JWT_SECRET, TEST_KEY } from './belfry.ts';

const STACKS: Readonly<Record<string, (options: LaunchOptions) => Promise<Belfry>>> = {
  standalone: launchStandalone,
  processes: launchProcesses,
  compose: launchCompose,
};

/** Starts what `BELFRY_STACK` names (default `standalone`) and waits until it is ready. The specs see no more of the difference than its URL. */
export async function launchBelfry(options: LaunchOptions = {}): Promise<Belfry> {
  const name = process.env.BELFRY_STACK || 'standalone';
  const launch = STACKS[name];
  if (launch === undefined)
    throw new Error(`BELFRY_STACK must be one of ${Object.keys(STACKS).join(', ')}, not ${name}`);
  return launch(options);
}
