import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/**
 * What a broadcast costs with ws alone: no users, no cursors, no backpressure, the message built once, `send` for each client. Each byte on the control
 * port broadcasts one message.
 */
const clients = new Set<WebSocket>();
const server = createHttpServer();
const webSockets = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false });
webSockets.on('connection', (webSocket) => {
  clients.add(webSocket);
  webSocket.on('close', () => clients.delete(webSocket));
});

const notification = {
  id: 'n-1',
  type: 'test',
  title: 'A build has finished',
  body: 'x'.repeat(20),
  priority: 'normal',
  acceptedAt: '2026-01-01T00:00:00.000Z',
  expiresAt: '2026-01-01T01:00:00.000Z',
};
let offset = 0;

function broadcast(): void {
  offset += 1;
  const message = Buffer.from(JSON.stringify({ type: 'notification', cursor: `e1:${offset}`, notification }));
  for (const client of clients) client.send(message, { binary: false });
}

const control = createServer((socket) => {
  socket.on('data', (bytes) => {
    for (let count = 0; count < bytes.length; count++) broadcast();
  });
  socket.on('error', () => socket.destroy());
});
server.listen(0, '127.0.0.1', () => {
  control.listen(0, '127.0.0.1', () => {
    process.send?.({
      port: (server.address() as AddressInfo).port,
      controlPort: (control.address() as AddressInfo).port,
    });
  });
});
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuSeconds: (user + system) / 1e6 });
});
process.on('disconnect', () => process.exit(0));
