import { certificateAuthorityPem, createProviderSimulator } from '@belfry/provider-simulator';
import { createRealClock } from '@belfry/testing/real-clock';

/**
 * The push service of webpush-send.ts in a process of its own, so that its work is not counted as the sender's. Takes the number of
 * subscriptions and their application server key, tells its origin and subscriptions on the IPC channel, and counts what it accepts. It does not
 * verify: the sender is the subject.
 */
const [count = '1000', applicationServerKey = ''] = process.argv.slice(2);

const simulator = createProviderSimulator({ clock: createRealClock(), webpush: { verify: false, keep: 1 } });
await simulator.start();
const subscriptions = Array.from({ length: Number(count) }, () => simulator.webpush.subscribe(applicationServerKey));

process.on('message', () => {
  process.send?.({
    accepted: simulator.webpush.recorder.counters().accepted,
    connections: simulator.connectionsOpened(),
  });
});
process.on('disconnect', () => void simulator.stop());
process.send?.({ origin: simulator.origin(), ca: certificateAuthorityPem(), subscriptions });
