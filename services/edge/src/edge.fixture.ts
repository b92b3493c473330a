import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpHost, createLogger, createMetrics, createSystemRandom } from '@belfry/runtime';
import { realClock } from '@belfry/testing/real-clock';
import { createEdge } from './edge.ts';
import type { UpstreamName } from './upstreams.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export type TestUpstream = {
  readonly server: Server;
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
};

/** A service behind the edge. A port of its own, so that it can come back where it was. */
export async function startUpstream(handle: Handler, port = 0): Promise<TestUpstream> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return {
    server,
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export type TestEdge = { readonly url: string; endStreams(): void; close(): Promise<void> };

export async function startEdge(
  next: (name: UpstreamName) => string | undefined,
  options: { readonly trustProxy?: boolean; readonly silenceMs?: number } = {},
): Promise<TestEdge> {
  const logger = createLogger({ level: 'silent' });
  const random = createSystemRandom();
  const edge = createEdge({
    next,
    trustProxy: options.trustProxy ?? false,
    ...(options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs }),
    clock: realClock,
    random,
    logger,
  });
  const host = await createHttpHost({
    host: '127.0.0.1',
    port: 0,
    logger,
    metrics: createMetrics({ processMetrics: false }),
    clock: realClock,
    allowedOrigins: [],
    title: 'Edge',
    version: '1',
    bodyLimitBytes: 1_000,
    apiDocuments: false,
    upgradePaths: ['/v1/realtime'],
    front: edge.forward,
    closeGraceMs: 100,
  });
  host.app.server.on('upgrade', edge.upgrade);
  await host.service.start();
  return {
    url: host.url(),
    endStreams: edge.endStreams,
    async close() {
      await host.service.stop();
      edge.close();
    },
  };
}

/** A request whose answer can be read as it comes. */
export function open(
  url: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
) {
  const outgoing = request(url, { method, headers, agent: false });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
  });
  answered.catch(() => {});
  return { outgoing, answered };
}
