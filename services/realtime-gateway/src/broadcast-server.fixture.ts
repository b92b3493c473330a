import { createServer } from 'node:net';
import { createLocalBackplane } from '@belfry/backplane-local';
import { notificationFrame } from '@belfry/protocol/client-notification';
import { createHttpHost, createLogger, createMetrics, createSystemClock, createSystemRandom } from '@belfry/runtime';
import { testNotification } from './gateway.fixture.ts';
import { createRealtimeGateway } from './realtime-gateway.ts';
import { createStreamStore } from './stream-store.fixture.ts';
import { REALTIME_PATH } from './websocket-endpoint.ts';

/**
 * A gateway as a process of its own, for bench/broadcast.ts: whole but for the store, which is in memory and takes marks without doing anything, and
 * tokens, which are user names. Each byte on the control port publishes one notification to every user: a hint and a frame for each.
 */
const [users = '1000'] = process.argv.slice(2);
const clock = createSystemClock();
const random = createSystemRandom();
const metrics = createMetrics({ processMetrics: false });
const backplane = createLocalBackplane();
const host = await createHttpHost({
  host: '127.0.0.1',
  port: 0,
  logger: createLogger({ level: 'silent' }),
  metrics,
  clock,
  allowedOrigins: [],
  title: 'Broadcast',
  version: '0.0.0',
  bodyLimitBytes: 1_024,
  upgradePaths: [REALTIME_PATH],
});
const services = createRealtimeGateway({
  http: host.app,
  store: createStreamStore().store,
  backplane,
  realtime: { sent: async () => undefined, acknowledge: async () => undefined, read: async () => 0 },
  receipts: { flushed: async () => undefined },
  verifyToken: async (token) => ({
    ok: true,
    token: { tenant: 'default', user: token, expiresAtMs: Number.MAX_SAFE_INTEGER },
  }),
  clock,
  random,
  allowedOrigins: [],
  metrics,
});
for (const service of services) await service.start();
await host.service.start();

const names = Array.from({ length: Number(users) }, (_, index) => `user-${index}`);
const notification = testNotification('A build has finished', { body: 'x'.repeat(20) });
let offset = 0;

function publish(): void {
  offset += 1;
  const [head = '', tail = ''] = notificationFrame({ epoch: 'e1', offset }, notification).split(`e1:${offset}`);
  // Every user has a cursor of their own; here they happen to be equal, and the text is built for each as if they were not.
  backplane.publish(
    names.map((user) => ({ tenant: 'default', user, offset, frame: `${head}e1:${String(offset)}${tail}` })),
  );
}

const control = createServer((socket) => {
  socket.on('data', (bytes) => {
    for (let count = 0; count < bytes.length; count++) publish();
  });
  socket.on('error', () => socket.destroy());
});
control.listen(0, '127.0.0.1', () => {
  const address = control.address();
  process.send?.({
    port: Number(new URL(host.url()).port),
    controlPort: typeof address === 'object' ? address?.port : undefined,
  });
});
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuSeconds: (user + system) / 1e6 });
});
process.on('disconnect', () => process.exit(0));
