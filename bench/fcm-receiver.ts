import { certificateAuthorityPem, createProviderSimulator } from '@belfry/provider-simulator';
import { createRealClock } from '@belfry/testing/real-clock';

/**
 * The FCM of fcm-send.ts in a process of its own, so that its work is not counted as the sender's. Takes the number of registrations and the
 * milliseconds that it waits before each answer, tells its origin and registration tokens on the IPC channel, and counts what it accepts.
 */
const [count = '1000', delayMs = '0'] = process.argv.slice(2);

const simulator = createProviderSimulator({ clock: createRealClock(), fcm: { projectId: 'bench', keep: 1 } });
await simulator.start();
if (Number(delayMs) > 0) {
  simulator.fcm.script.set('*', [], { kind: 'slow', delayMs: Number(delayMs), next: { kind: 'accept' } });
}
const tokens = Array.from({ length: Number(count) }, () => {
  const made = simulator.fcm.createTarget({});
  if (!made.ok) throw new Error(made.detail);
  return made.target;
});

process.on('message', () => {
  process.send?.({
    accepted: simulator.fcm.recorder.counters().accepted,
    connections: simulator.connectionsOpened(),
    last: simulator.fcm.recorder.received().at(-1)?.message,
  });
});
process.on('disconnect', () => void simulator.stop());
process.send?.({ origin: simulator.origin(), ca: certificateAuthorityPem(), tokens });
