import { setTimeout as pause } from 'node:timers/promises';
import type { StackProcess } from '@belfry/testing/process-stack';
import type { Fault, FaultyService } from './fault-plan.ts';
import { type LossStack, SESSION_TIMEOUT_MS, WORKERS_EACH } from './loss-stack.ts';

/** Long enough that the broker has noticed and others have taken over. */
const FROZEN_MS = SESSION_TIMEOUT_MS + 3_000;

/** Resolves when it is over and what it hit is ready again; with how long that took, in milliseconds. */
export async function inflictFault(loss: LossStack, fault: Fault): Promise<number> {
  const startedMs = performance.now();
  await inflict(loss, fault);
  return performance.now() - startedMs;
}

async function inflict({ stack, broker, proxy }: LossStack, fault: Fault): Promise<void> {
  const memberOf = (service: FaultyService, member: number): StackProcess =>
    present(
      stack.of(service).filter((each) => each.isRunning()),
      member,
    );
  switch (fault.kind) {
    case 'kill': {
      const victim = memberOf(fault.service, fault.member);
      await victim.kill('SIGKILL');
      await victim.restart();
      return victim.ready();
    }
    case 'freeze': {
      const victim = memberOf(fault.service, fault.member);
      await victim.kill('SIGSTOP');
      await pause(FROZEN_MS);
      await victim.kill('SIGCONT');
      return victim.ready();
    }
    case 'replace': {
      const victim = memberOf(fault.service, fault.member);
      await victim.kill('SIGTERM');
      await victim.restart();
      return victim.ready();
    }
    case 'scale': {
      const spare = present(stack.of(fault.service).slice(WORKERS_EACH), 0);
      await spare.restart();
      await spare.ready();
      await pause(fault.forMs);
      await spare.kill('SIGTERM');
      return;
    }
    case 'broker-kill':
      await broker.kill();
      await pause(fault.downMs);
      return broker.start();
    case 'cut': {
      const takeAway = await proxy.addToxic(
        fault.afterBytes === 0
          ? { type: 'reset_peer', attributes: { timeout: 0 } }
          : { type: 'limit_data', attributes: { bytes: fault.afterBytes } },
      );
      await pause(fault.forMs);
      return takeAway();
    }
  }
}

function present(members: readonly StackProcess[], member: number): StackProcess {
  const chosen = members[Math.floor(member * members.length)];
  if (chosen === undefined) throw new Error('no process of the service is running');
  return chosen;
}
