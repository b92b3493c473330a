import { CONTROL_PREFIX, type ControlRequest, createControl } from './control.ts';
import type { Exchange, Reply } from './exchange.ts';
import type { SimulatedProvider } from './provider.ts';
import { createTlsServer, type TlsServerOptions } from './tls-server.ts';

export type SimulatorHostOptions = Omit<TlsServerOptions, 'handle'> & {
  readonly providers: readonly SimulatedProvider[];
  /** How senders reach it, where that is not the address it listens on: in a container, behind a name. */
  readonly publicOrigin?: string;
};

export type SimulatorHost = {
  start(): Promise<void>;
  /** Breaks every connection; unanswered requests stay unanswered. */
  stop(): Promise<void>;
  /** What endpoints of devices begin with: the public origin, or `https://127.0.0.1:<port>`; throws before `start`. */
  origin(): string;
  /** TLS connections opened since the start. */
  connectionsOpened(): number;
  /** The control API in-process; over the socket it is `/_simulator/…`. */
  control(request: ControlRequest): Reply;
};

/** The port that simulated providers share: it gives each request to the provider that serves its path. */
export function createSimulatorHost(options: SimulatorHostOptions): SimulatorHost {
  const control = createControl(options.providers);
  const host = options.host ?? '127.0.0.1';
  let port: number | undefined;

  function handle(exchange: Exchange): void {
    const provider = options.providers.find((candidate) => candidate.serves(exchange.path));
    if (exchange.path.startsWith(CONTROL_PREFIX)) {
      exchange.answer(controlReply(exchange));
    } else if (provider) {
      provider.recorder.arrived();
      provider.serve(exchange);
    } else {
      exchange.answer({ status: 404, body: 'no provider serves this path' });
    }
  }

  function controlReply(exchange: Exchange): Reply {
    const { method, path, query } = exchange;
    try {
      const body: unknown = exchange.body.length > 0 ? JSON.parse(exchange.body.toString('utf8')) : undefined;
      return control({ method, path, query, body });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return { status: 400, body: { status: 400, field: '', detail: 'the body must be JSON' } };
    }
  }

  const server = createTlsServer({ ...options, handle });
  return {
    async start() {
      ({ port } = await server.listen());
    },
    stop: () => server.close(),
    origin() {
      if (port === undefined) throw new Error('the simulator has no origin before it was started');
      return options.publicOrigin ?? `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
    },
    connectionsOpened: () => server.connectionsOpened(),
    control,
  };
}
