import { randomUUID } from 'node:crypto';
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex, Writable } from 'node:stream';
import type { Clock } from '@belfry/core/clock';
import type { Random } from '@belfry/core/random';
import { type Logger, problemDocument } from '@belfry/runtime';
import { createProxyServer } from 'httpxy';
import { setForwardedHeaders } from './forwarded-headers.ts';
import { createUpgradeAgent, createUpstreamAgent } from './upstream-agent.ts';
import { type UpstreamName, upstreamOf } from './upstreams.ts';

export type EdgeOptions = {
  /** Base URL of a service behind, for one request; undefined where there is none. */
  readonly next: (name: UpstreamName) => string | undefined;
  /** A proxy in front sets X-Forwarded-* headers. */
  readonly trustProxy: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** A service that is silent for so long while a request is under way is given up. Longer than the heartbeats of its streams. Default 60,000. */
  readonly silenceMs?: number;
};

export type Edge = {
  /** False: the request is not for a service behind. */
  forward(request: IncomingMessage, response: ServerResponse): boolean;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends event streams and WebSockets, which would last for ever; their clients come back and meet whoever is there then. */
  endStreams(): void;
  /** Lets go of idle connections. */
  close(): void;
};

const SILENCE_MS = 60_000;
const UPGRADE_TIMEOUT_MS = 10_000;
const RETRY_AFTER_SECONDS = 1;

/**
 * Passes requests on as they come: bodies and answers stream through without being held back or looked into. A client that leaves ends its request behind; a service
 * that dies in the middle of an answer ends the answer, and one that cannot be reached is a 502 with a problem document.
 */
export function createEdge(options: EdgeOptions): Edge {
  const { next, trustProxy, clock, random, logger, silenceMs = SILENCE_MS } = options;
  const proxy = createProxyServer({ proxyTimeout: silenceMs, upgradeTimeout: UPGRADE_TIMEOUT_MS });
  const agent = createUpstreamAgent(clock, random);
  const upgradeAgent = createUpgradeAgent(random);

  proxy.on('error', (error, request, target) => {
    // The client has left: its request behind was cut, which is what is reported here.
    if (target === undefined || target.destroyed || request?.socket.destroyed) return;
    logger.warn({ err: error, path: pathOf(request?.url) }, 'a service does not answer');
    if (target instanceof ServerResponse) answerUnavailable(target);
    else target.end(rawUnavailable());
  });
  const streams = new Set<Writable>();
  const remember = (stream: Writable): void => {
    streams.add(stream);
    stream.once('close', () => streams.delete(stream));
  };
  proxy.on('proxyRes', (answer, _request, response) => {
    if (answer.headers['content-type']?.startsWith('text/event-stream')) remember(response);
    // The head of a stream that has nothing to say yet must not wait for its first event.
    setImmediate(() => response.headersSent || response.destroyed || response.flushHeaders());
  });
  proxy.on('proxyReqWs', (outgoing, _request, socket) => {
    // Pipes end with their source, but a source that is torn down never ends.
    outgoing.once('upgrade', (_answer, upstream: Socket) => {
      remember(socket);
      socket.once('close', () => upstream.destroySoon());
      upstream.once('close', () => socket.destroySoon());
    });
  });

  const hasExamples = next('examples') !== undefined;
  const targetOf = (request: IncomingMessage): string | undefined => {
    const name = upstreamOf(pathOf(request.url), hasExamples);
    return name === undefined ? undefined : next(name);
  };

  return {
    forward(request, response) {
      const target = targetOf(request);
      if (target === undefined) return false;
      setForwardedHeaders(request, trustProxy);
      void proxy.web(request, response, { target, agent });
      return true;
    },
    upgrade(request, socket, head) {
      const target = targetOf(request);
      if (target === undefined) return void socket.destroy();
      setForwardedHeaders(request, trustProxy);
      void proxy.ws(request, socket as Socket, { target, agent: upgradeAgent }, head);
    },
    endStreams() {
      for (const stream of streams) stream.end();
    },
    close() {
      agent.destroy();
      upgradeAgent.destroy();
    },
  };
}

function pathOf(url: string | undefined): string {
  return (url ?? '/').split('?', 1)[0] ?? '/';
}

function unavailable(): string {
  return JSON.stringify(problemDocument('upstream_unavailable', {}, randomUUID()));
}

function answerUnavailable(response: ServerResponse): void {
  if (response.headersSent) return void response.destroy();
  response
    .writeHead(502, { 'content-type': 'application/problem+json', 'retry-after': String(RETRY_AFTER_SECONDS) })
    .end(unavailable());
}

/** For a connection that asked for an upgrade, on which nobody speaks HTTP any more. */
function rawUnavailable(): string {
  const body = unavailable();
  const head = [
    'HTTP/1.1 502 Bad Gateway',
    'Content-Type: application/problem+json',
    `Retry-After: ${RETRY_AFTER_SECONDS}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
