import { setTimeout as pause } from 'node:timers/promises';
import type { StackProcess } from '@belfry/testing/process-stack';
import { type Fault, type FaultyService, WORKERS } from './fault-plan.ts';
import type { HandChanges } from './hand-changes.ts';
import { type LossStack, SESSION_TIMEOUT_MS, WORKERS_EACH } from './loss-stack.ts';

/** Long enough that the broker has noticed and others have taken over. */
const FROZEN_MS = SESSION_TIMEOUT_MS + 3_000;

/** Resolves when it is over and what it hit is ready again; with how long that took, in milliseconds. */
export async function inflictFault(loss: LossStack, changes: HandChanges, fault: Fault): Promise<number> {
  const startedMs = performance.now();
  await inflict(loss, changes, fault);
  return performance.now() - startedMs;
}

async function inflict({ stack, broker, proxy }: LossStack, changes: HandChanges, fault: Fault): Promise<void> {
  const signal = (victim: StackProcess, name: NodeJS.Signals) =>
    changes.hit(
      WORKERS.filter((service) => service === victim.service),
      () => victim.kill(name),
    );
  const memberOf = (service: FaultyService, member: number): StackProcess =>
    present(
      stack.of(service).filter((each) => each.isRunning()),
      member,
    );
  switch (fault.kind) {
    case 'kill': {
      const victim = memberOf(fault.service, fault.member);
      await signal(victim, 'SIGKILL');
      await victim.restart();
      return victim.ready();
    }
    case 'freeze': {
      const victim = memberOf(fault.service, fault.member);
      const freeze = async () => {
        await signal(victim, 'SIGSTOP');
        await pause(FROZEN_MS);
      };
      const wake = () => victim.kill('SIGCONT');
      if (fault.service === 'router') {
        await freeze();
        await wake();
      } else {
        await changes.settled(fault.service);
        await freeze();
        await changes.wake(fault.service, wake);
      }
      return victim.ready();
    }
    case 'replace': {
      const victim = memberOf(fault.service, fault.member);
      await signal(victim, 'SIGTERM');
      await victim.restart();
      return victim.ready();
    }
    case 'scale': {
      const spare = present(stack.of(fault.service).slice(WORKERS_EACH), 0);
      await spare.restart();
      await spare.ready();
      await pause(fault.forMs);
      await signal(spare, 'SIGTERM');
      return;
    }
    case 'broker-kill':
      return changes.hit(WORKERS, async () => {
        await broker.kill();
        await pause(fault.downMs);
        await broker.start();
      });
    case 'cut':
      return changes.hit(WORKERS, async () => {
        const takeAway = await proxy.addToxic(
          fault.afterBytes === 0
            ? { type: 'reset_peer', attributes: { timeout: 0 } }
            : { type: 'limit_data', attributes: { bytes: fault.afterBytes } },
        );
        await pause(fault.forMs);
        await takeAway();
      });
  }
}

function present(members: readonly StackProcess[], member: number): StackProcess {
  const chosen = members[Math.floor(member * members.length)];
  if (chosen === undefined) throw new Error('no process of the service is running');
  return chosen;
}
