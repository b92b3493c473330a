import { randomUUID } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '@belfry/core/clock';
import type { Service } from '@belfry/core/service';
import cookie from '@fastify/cookie';
import cors from '@fastify/cors';
import { type FastifyBaseLogger, fastify, LogController } from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { addAccessLog } from './access-log.ts';
import { addApiDocuments } from './api-documents.ts';
import { PATH_PART_LENGTH_MAX } from './error-answer.ts';
import { addHealthRoutes } from './health-routes.ts';
import type { HttpApp } from './http-app.ts';
import { parseQuery } from './parse-query.ts';
import { ProblemError } from './problem.ts';
import { addProblemAnswers, createProblemAnswer, type ProblemAnswer } from './problem-answers.ts';
import { validatorCompiler } from './zod-validator.ts';

export type HttpHostOptions = {
  readonly host: string;
  /** 0 lets the system choose; `HttpHost.url()` tells. */
  readonly port: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Pages that may call from a browser, such as `https://app.example`. `*` allows every page. */
  readonly allowedOrigins: readonly string[];
  readonly title: string;
  readonly version: string;
  /** Largest request body where a route sets no `bodyLimit` of its own. */
  readonly bodyLimitBytes: number;
  /** Paths that a WebSocket may open; on every other path `Upgrade` is ignored, so an unknown one gets 404. */
  readonly upgradePaths?: readonly string[];
  /**
   * Names under which this host answers, without port; undefined means any. A host that only its own machine may use needs it (`LOOPBACK_HOSTS`): a
   * web page can point a name of its own at 127.0.0.1 and would then be on the same origin.
   */
  readonly allowedHosts?: readonly string[];
  /** A client has this long to send a whole request. */
  readonly requestTimeoutMs?: number;
  /** Requests under way have this long to finish when the host stops; then their sockets are cut. */
  readonly closeGraceMs?: number;
  /** Trust `X-Forwarded-*` of a proxy in front. */
  readonly trustProxy?: boolean;
  /** False leaves out `/openapi.json` and `/docs`: for a host without an API of its own. Default true. */
  readonly apiDocuments?: boolean;
  /** Is offered each request as it arrives, before any route, header or body is looked at; true: it is taken and no route gets it. */
  readonly front?: (request: IncomingMessage, response: ServerResponse) => boolean;
};

export type HttpHost = {
  readonly app: HttpApp;
  /** Listens while started. Put it last in the list: what it serves must be up. */
  readonly service: Service;
  /** Their `unready()` decides `/health/ready`. */
  watch(services: readonly Service[]): void;
  /** Base URL, known once started. */
  url(): string;
};

/** The names of this machine for itself. */
export const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

const REQUEST_TIMEOUT_MS = 30_000;
const CLOSE_GRACE_MS = 5_000;
/** Above the idle timeout of common load balancers (60 s), so that the balancer closes first and never meets a closed socket. */
const KEEP_ALIVE_MS = 72_000;

/**
 * The HTTP edge that every service shares: validation, problem documents, health, metrics, API documents, CORS. Add routes to `app` before
 * `service.start()`.
 */
export async function createHttpHost(options: HttpHostOptions): Promise<HttpHost> {
  const answerProblem = createProblemAnswer(options.bodyLimitBytes);
  const app = createApp(options, answerProblem);
  const watched: Service[] = [];
  const service = createHostService(app, options);
  watched.push(service);

  addProblemAnswers(app, answerProblem);
  tolerateEmptyDeletes(app);
  if (options.allowedHosts !== undefined) addHostGuard(app, options.allowedHosts);
  addAccessLog(app, options.metrics);
  await app.register(cookie);
  await app.register(cors, {
    origin: options.allowedOrigins.includes('*') ? true : [...options.allowedOrigins],
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    exposedHeaders: ['Retry-After', 'Idempotency-Replayed', 'X-Request-Id'],
    maxAge: 600,
  });
  if (options.apiDocuments ?? true) await addApiDocuments(app, options);
  addHealthRoutes(app, { metrics: options.metrics, services: watched });
  return {
    app,
    service,
    watch: (services) => watched.push(...services),
    url() {
      const address = app.server.address();
      if (address === null || typeof address === 'string') throw new Error('the HTTP host does not listen');
      return `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${address.port}`;
    },
  };
}

/** Many clients send `Content-Type: application/json` with every request, also with a DELETE that has no body. */
function tolerateEmptyDeletes(app: HttpApp): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (body === '' && request.method === 'DELETE') return done(null, undefined);
    return parse(request, body, done);
  });
}

function createApp(options: HttpHostOptions, frameworkErrors: ProblemAnswer): HttpApp {
  const upgradePaths = new Set(options.upgradePaths ?? []);
  const requestTimeout = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const loggerInstance: FastifyBaseLogger = options.logger;
  const { front } = options;
  const http: ServerOptions = {
    requestTimeout,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: Math.min(10_000, requestTimeout),
    connectionsCheckingInterval: Math.min(5_000, requestTimeout),
    shouldUpgradeCallback: (request) => isWebSocketTo(request, upgradePaths) && isNamed(request, options.allowedHosts),
  };
  const app = fastify({
    loggerInstance,
    // Its own lines hold the URL, which holds user names and tickets.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyLimitBytes,
    trustProxy: options.trustProxy ?? false,
    genReqId: () => randomUUID(),
    // Lines that are about a request name it; a logger of its own for each costs more than its headers do.
    childLoggerFactory: (logger) => logger,
    frameworkErrors,
    requestTimeout,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // In place of Ajv and what goes with it, which fastify would load although the compilers are set below.
    schemaController: { compilersFactory: { buildValidator: notBuilt, buildSerializer: notBuilt } },
    routerOptions: { maxParamLength: PATH_PART_LENGTH_MAX, querystringParser: parseQuery },
    ...(front === undefined
      ? { http }
      : { serverFactory: (handle: RequestListener) => createServer(http, offerFirst(front, handle)) }),
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  return app;
}

function notBuilt(): never {
  throw new Error('schemas are compiled by zod');
}

function offerFirst(front: NonNullable<HttpHostOptions['front']>, handle: RequestListener): RequestListener {
  return (request, response) => {
    if (!front(request, response)) handle(request, response);
  };
}

function isWebSocketTo(request: IncomingMessage, paths: ReadonlySet<string>): boolean {
  const [path = ''] = (request.url ?? '').split('?');
  return request.headers.upgrade?.toLowerCase() === 'websocket' && paths.has(path);
}

function isNamed({ headers }: IncomingMessage, names: readonly string[] | undefined): boolean {
  const name = (headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  return names === undefined || names.includes(name);
}

function addHostGuard(app: HttpApp, names: readonly string[]): void {
  app.addHook('onRequest', async (request) => {
    if (isNamed(request.raw, names)) return;
    throw new ProblemError('forbidden', {
      detail: 'This server does not answer under that name.',
      field: 'header:Host',
    });
  });
}

function createHostService(app: HttpApp, options: HttpHostOptions): Service {
  const sockets = new Set<Socket>();
  let reason: string | undefined = 'not started';
  let stopping = false;
  // A connection that goes idle after the server closed would keep it waiting for the whole grace.
  app.addHook('onSend', async (_request, reply) => {
    if (stopping) reply.header('connection', 'close');
  });
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return {
    name: 'http',
    async start() {
      await app.listen({ host: options.host, port: options.port });
      reason = undefined;
    },
    async drain() {
      reason = 'stopping';
    },
    async stop() {
      reason = 'stopped';
      stopping = true;
      // Upgraded sockets and hijacked streams are their owners' to end in `preClose`; the server would wait for one that is left for ever.
      const cancel = options.clock.schedule(options.closeGraceMs ?? CLOSE_GRACE_MS, () => {
        for (const socket of sockets) socket.destroy();
      });
      await app.close();
      cancel();
    },
    unready: () => reason,
  };
}
