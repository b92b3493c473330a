import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Clock } from '@belfry/core/clock';
import type { Service } from '@belfry/core/service';
import { createProviderSimulator, type ProviderSimulator } from '@belfry/provider-simulator';

/** Messages that the simulator remembers per provider: enough to look at, too few to fill the memory in a load test. */
const KEEP = 2_000;

export type SimulatorService = { readonly simulator: ProviderSimulator; readonly service: Service };

/**
 * Listens on the port of the last start, or on a free one. Starts before the channels are made, because they have to know the port.
 */
export async function startSimulator(portFile: string, clock: Clock): Promise<SimulatorService> {
  const simulator = await listening(lastPort(portFile), clock);
  writeFileSync(portFile, `${new URL(simulator.origin()).port}\n`);
  return {
    simulator,
    service: { name: 'provider-simulator', start: async () => {}, stop: () => simulator.stop() },
  };
}

function lastPort(file: string): number {
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) || 0 : 0;
}

async function listening(port: number, clock: Clock): Promise<ProviderSimulator> {
  const simulator = createProviderSimulator({ clock, port, webpush: { keep: KEEP }, fcm: { keep: KEEP } });
  try {
    await simulator.start();
    return simulator;
  } catch (error) {
    // Somebody else has the port meanwhile; devices of the last run are then gone, which the ledger will say.
    if (port === 0) throw error;
    return listening(0, clock);
  }
}
