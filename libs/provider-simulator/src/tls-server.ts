import { constants, createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { serverCertificate } from './certificates.ts';
import type { Exchange, Reply } from './exchange.ts';

export type TlsServerOptions = {
  handle(exchange: Exchange): void;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Protocols offered; the default is HTTP/2 first, HTTP/1.1 too. */
  readonly protocols?: readonly ('h2' | 'http/1.1')[];
  /** Streams that one HTTP/2 connection may have open at once. Default 100, as the big providers have. */
  readonly maxConcurrentStreams?: number;
};

export type TlsServer = {
  listen(): Promise<{ readonly port: number }>;
  /** Connections that finished their TLS handshake since the start. */
  connectionsOpened(): number;
  /** Destroys every connection, also those with unanswered requests. */
  close(): Promise<void>;
};

/** The largest request body that is read; more is a reset. Push providers take 4 KiB, so this only guards the simulator. */
const MAX_BODY_BYTES = 1_048_576;

/** One TLS port that speaks HTTP/2 and HTTP/1.1, whose handler may also break the connection below HTTP. */
export function createTlsServer(options: TlsServerOptions): TlsServer {
  const tcp = new Map<number, Socket>();
  const tls = new Map<number, TLSSocket>();
  let opened = 0;

  const protocols = options.protocols ?? ['h2', 'http/1.1'];
  const server = createSecureServer({
    ...serverCertificate(),
    allowHTTP1: true,
    ALPNCallback: ({ protocols: offered }) => protocols.find((protocol) => offered.includes(protocol)),
    settings: { maxConcurrentStreams: options.maxConcurrentStreams ?? 100 },
  });
  // A client that hangs up is the simulator's daily bread, not an error.
  server.on('sessionError', () => {});
  server.on('tlsClientError', () => {});
  server.on('connection', (socket: Socket) => keep(tcp, socket));
  server.on('secureConnection', (socket: TLSSocket) => {
    opened += 1;
    keep(tls, socket);
  });
  server.on('request', (request, response) => {
    readBody(request).then(
      (body) => {
        if (!body) tcp.get(request.socket.remotePort ?? 0)?.resetAndDestroy();
        else options.handle(exchangeOf(request, response, body));
      },
      // The client was gone before its body was complete.
      () => {},
    );
  });

  function exchangeOf(request: Http2ServerRequest, response: Http2ServerResponse, body: Buffer): Exchange {
    const port = request.socket.remotePort ?? 0;
    const authority = request.authority ?? request.headers[':authority'] ?? request.headers.host ?? '';
    const url = new URL(request.url, 'https://simulator.invalid');
    const session = request.stream?.session;
    const answer = (reply: Reply, extra: Record<string, string> = {}) => {
      const json = reply.body !== undefined && typeof reply.body !== 'string';
      const text = json ? JSON.stringify(reply.body) : String(reply.body ?? '');
      response.writeHead(reply.status, {
        'content-length': String(Buffer.byteLength(text)),
        ...(json ? { 'content-type': 'application/json' } : {}),
        ...reply.headers,
        ...extra,
      });
      response.end(text);
    };
    return {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      origin: `https://${authority || request.headers.host}`,
      headers: request.headers,
      body,
      httpVersion: request.httpVersion,
      answer,
      reset: () => tcp.get(port)?.resetAndDestroy(),
      halfClose: () => void tls.get(port)?.end(),
      goAway: (reply) => {
        if (session && reply) {
          answer(reply);
          session.close();
        } else if (session) {
          // Node sends no GOAWAY with last stream 0, so a connection's first request must be refused by its own RST_STREAM.
          request.stream.close(constants.NGHTTP2_REFUSED_STREAM);
          session.goaway(constants.NGHTTP2_NO_ERROR, Math.max(0, (request.stream.id ?? 1) - 2));
          // Destroyed at once, the socket would now and then take both frames with it; the answer to a ping says that the client has them.
          if (!session.ping(() => session.destroy())) session.destroy();
        } else if (reply) {
          answer(reply, { connection: 'close' });
        } else {
          tls.get(port)?.destroy();
        }
      },
    };
  }

  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(options.port ?? 0, options.host ?? '127.0.0.1', () => {
          server.off('error', reject);
          resolve({ port: (server.address() as AddressInfo).port });
        });
      }),
    connectionsOpened: () => opened,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of tcp.values()) socket.destroy();
      }),
  };
}

/** The port of the other end names a connection: neither API of Node's leads from a request to the sockets below it. */
function keep<S extends Socket>(sockets: Map<number, S>, socket: S): void {
  const port = socket.remotePort ?? 0;
  sockets.set(port, socket);
  socket.on('error', () => {});
  socket.on('close', () => {
    if (sockets.get(port) === socket) sockets.delete(port);
  });
}

async function readBody(request: Http2ServerRequest): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
