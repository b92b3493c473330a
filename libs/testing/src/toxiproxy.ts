import { freePort, onFreePort } from './free-port.ts';
import { type Found, findCommand } from './need.ts';
import { createProcessRun } from './process-run.ts';
import { launchServer } from './server-run.ts';

/** A fault of a proxy; which attributes a type knows: https://github.com/Shopify/toxiproxy#toxics */
export type Toxic = {
  readonly type: 'latency' | 'bandwidth' | 'slow_close' | 'timeout' | 'reset_peer' | 'slicer' | 'limit_data';
  /** `downstream` (default) is what the server answers, `upstream` what the client sends. */
  readonly stream?: 'upstream' | 'downstream';
  /** The share of connections that it falls on, 0 to 1 (default). */
  readonly toxicity?: number;
  readonly attributes?: Readonly<Record<string, number>>;
};

export type ProxyOptions = {
  /** `host:port` of the server. */
  readonly upstream: string;
  /** Where it listens on 127.0.0.1; `freePort()` tells one beforehand. Default: any. */
  readonly port?: number;
};

export type FaultyProxy = {
  /** `host:port` for the clients. */
  readonly address: string;
  readonly port: number;
  /** Resolves with what takes the fault away again. */
  addToxic(toxic: Toxic): Promise<() => Promise<void>>;
  /** Cuts every connection and refuses new ones. */
  disable(): Promise<void>;
  enable(): Promise<void>;
  remove(): Promise<void>;
};

export type Toxiproxy = {
  createProxy(options: ProxyOptions): Promise<FaultyProxy>;
  stop(): Promise<void>;
};

/** The command: `TOXIPROXY_SERVER`, or `toxiproxy-server` in PATH. */
export function findToxiproxy(): Found<string> {
  const given = process.env.TOXIPROXY_SERVER;
  return given ? { ok: true, value: given } : findCommand(['toxiproxy-server']);
}

/** Starts the command that `findToxiproxy` found. */
export function startToxiproxy(command: string): Promise<Toxiproxy> {
  return onFreePort(async (port) => {
    const call = createCall(`http://127.0.0.1:${port}`);
    const run = createProcessRun({
      name: 'toxiproxy',
      command: () => [command, '-host', '127.0.0.1', '-port', `${port}`],
    });
    const server = await launchServer('toxiproxy', run, () => call('GET', '/version'));
    let proxies = 0;
    return {
      stop: () => server.stop(),
      async createProxy({ upstream, port: listenPort }) {
        proxies += 1;
        return createProxy(call, `proxy${proxies}`, upstream, listenPort ?? (await freePort()));
      },
    };
  });
}

type Call = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) => Promise<void>;

async function createProxy(call: Call, name: string, upstream: string, port: number): Promise<FaultyProxy> {
  const address = `127.0.0.1:${port}`;
  const own = `/proxies/${name}`;
  let toxics = 0;
  await call('POST', '/proxies', { name, listen: address, upstream, enabled: true });
  return {
    address,
    port,
    async addToxic({ type, stream = 'downstream', toxicity = 1, attributes = {} }) {
      toxics += 1;
      const toxic = `toxic${toxics}`;
      await call('POST', `${own}/toxics`, { name: toxic, type, stream, toxicity, attributes });
      return () => call('DELETE', `${own}/toxics/${toxic}`);
    },
    disable: () => call('POST', own, { enabled: false }),
    enable: () => call('POST', own, { enabled: true }),
    remove: () => call('DELETE', own),
  };
}

function createCall(base: string): Call {
  return async (method, path, body) => {
    const response = await fetch(base + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`toxiproxy answers ${method} ${path} with ${response.status}: ${text}`);
  };
}
