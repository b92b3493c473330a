import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { CLOSE_CODES } from '@belfry/protocol/close-codes';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Admission } from './admission.ts';
import { handshakeCredential } from './authenticate.ts';
import type { Connection } from './connection.ts';
import type { EndpointDeps } from './endpoint-deps.ts';
import { DRAINING, overloaded, shakeHands } from './handshake.ts';
import { isOriginAllowed } from './origin.ts';
import { type Refusal, refuseUpgrade } from './refusal.ts';
import { createWebSocketTransport } from './websocket-transport.ts';

export const REALTIME_PATH = '/v1/realtime';

/** Serves WebSocket handshakes of `server` on exactly `REALTIME_PATH`. Other paths are left to whoever else listens. */
export function addWebSocketEndpoint(server: Server, deps: EndpointDeps): void {
  const { limits, authenticator, admit, connections, clock, turn } = deps;
  const options = {
    noServer: true,
    clientTracking: false,
    // Compression of what holds both secrets and text of others leaks the secrets by length (CRIME), and costs memory per connection.
    perMessageDeflate: false,
    maxPayload: limits.frameBytes,
    maxFragments: 64,
    maxBufferedChunks: 1_024,
    closeTimeout: limits.closeTimeoutMs,
  };
  const webSocketServer = new WebSocketServer(options);

  const refusalOf = (request: IncomingMessage): Refusal | undefined => {
    if (!isOriginAllowed(request.headers.origin, deps.allowedOrigins)) {
      return { code: 'origin_not_allowed', options: { field: 'header:Origin' } };
    }
    if (deps.isDraining()) return DRAINING;
    if (connections.size() >= limits.connections) return overloaded(limits.connections);
    return undefined;
  };

  const accept = (request: IncomingMessage, socket: Duplex, head: Buffer, admission: Admission | undefined): void => {
    let upgraded = false;
    webSocketServer.handleUpgrade(request, socket, head, (webSocket) => {
      upgraded = true;
      const connection = connections.open((events) =>
        createWebSocketTransport({
          webSocket,
          socket,
          clock,
          turn,
          heartbeatMs: limits.heartbeatMs,
          queueBytes: limits.queueBytes,
          events,
        }),
      );
      listen(webSocket, connection);
      if (admission === undefined) connection.awaitCredential();
      else connection.begin(admission);
    });
    // The callback runs at once or, where the handshake was not one or the client has gone, never.
    if (!upgraded) admission?.lease.release();
  };

  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer, query: URLSearchParams) => {
    const refusal = refusalOf(request);
    if (refusal !== undefined) return refuseUpgrade(socket, refusal);
    const credential = handshakeCredential(request.headers, query);
    if (credential.kind === 'none') return accept(request, socket, head, undefined);
    const identify = () =>
      credential.kind === 'token' ? authenticator.token(credential.token) : authenticator.ticket(credential.ticket);
    const handshake = await shakeHands(identify, admit, query.get('cursor') ?? undefined);
    if (handshake.ok) accept(request, socket, head, handshake.admission);
    else refuseUpgrade(socket, handshake.refusal);
  };

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    if (path !== REALTIME_PATH) return;
    // Between the request and the WebSocket nobody else listens; an unheard error would end the process.
    const onError = (): void => void socket.destroy();
    socket.on('error', onError);
    upgrade(request, socket, head, new URLSearchParams(query)).catch((error: unknown) => {
      deps.onError(error);
      refuseUpgrade(socket, { code: 'internal_error', options: {} });
    });
  });
}

function listen(webSocket: WebSocket, connection: Connection): void {
  webSocket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) connection.refuse('Frames are text.');
    else connection.receive(data.toString());
  });
  webSocket.on('ping', () => connection.charge());
  webSocket.on('pong', () => connection.alive());
  // ws has answered with the right close code already (1002, 1007, 1009); `close` follows.
  webSocket.on('error', () => undefined);
  webSocket.on('close', (code) =>
    connection.ended(code === CLOSE_CODES.tooLarge.code ? CLOSE_CODES.tooLarge : undefined),
  );
}
