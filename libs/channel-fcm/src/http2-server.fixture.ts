import { createSecureServer, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { serverCertificate } from '@belfry/provider-simulator';

export type Http2TestServer = {
  readonly origin: URL;
  readonly sessions: readonly Http2Session[];
  /** The most streams that one session had open at once. */
  mostStreams(): number;
  stop(): Promise<void>;
};

export type Http2TestServerOptions = {
  readonly maxConcurrentStreams?: number;
  /** A request, with its body wholly read. */
  onRequest(stream: ServerHttp2Stream, body: string): void;
};

/** An HTTP/2 server whose test decides frame by frame. */
export async function startHttp2Server(options: Http2TestServerOptions): Promise<Http2TestServer> {
  const { maxConcurrentStreams } = options;
  const server = createSecureServer({
    ...serverCertificate(),
    settings: maxConcurrentStreams === undefined ? {} : { maxConcurrentStreams },
  });
  const sessions: Http2Session[] = [];
  const open = new Map<Http2Session, number>();
  let most = 0;
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('sessionError', () => {});
  server.on('stream', (stream) => {
    const { session } = stream;
    if (!session) return;
    const count = (open.get(session) ?? 0) + 1;
    open.set(session, count);
    most = Math.max(most, count);
    let body = '';
    stream.setEncoding('utf8');
    stream.on('error', () => {});
    stream.on('data', (chunk: string) => {
      body += chunk;
    });
    stream.on('end', () => options.onRequest(stream, body));
    stream.on('close', () => open.set(session, (open.get(session) ?? 1) - 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: new URL(`https://127.0.0.1:${port}`),
    sessions,
    mostStreams: () => most,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
}

export function answer(stream: ServerHttp2Stream, body = 'ok'): void {
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ':status': 200 });
  stream.end(body);
}
