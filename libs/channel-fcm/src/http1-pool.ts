import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { failureCode } from './failure-code.ts';
import type { Transport, TransportFailure, TransportResult, TransportSettings } from './transport.ts';

const MAX_SOCKETS = 64;

/** Keep-alive HTTP/1.1, for emulators behind `http:` and for TLS servers without h2. */
export function createHttp1Pool(settings: TransportSettings): Transport {
  const { origin, clock } = settings;
  const secure = origin.protocol === 'https:';
  const agentOptions = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const agent = secure
    ? new HttpsAgent({ ...agentOptions, ...(settings.ca === undefined ? {} : { ca: settings.ca }) })
    : new HttpAgent(agentOptions);
  const pending = new Set<Promise<TransportResult>>();
  let closing = false;

  const send: Transport['send'] = ({ path, headers, body }, signal) =>
    new Promise((resolve) => {
      if (signal.aborted || closing) {
        resolve({ kind: 'failed', failure: 'not-started', code: closing ? 'CLOSED' : 'ABORTED' });
        return;
      }
      let failure: TransportFailure = 'not-started';
      const request = (secure ? requestHttps : requestHttp)({
        agent,
        hostname: origin.hostname.replace(/^\[|\]$/g, ''),
        port: origin.port || (secure ? 443 : 80),
        method: 'POST',
        path,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      });
      const settle = (result: TransportResult) => {
        stopTimer();
        signal.removeEventListener('abort', onAbort);
        resolve(result);
      };
      const abandon = (code: string) => {
        settle({ kind: 'failed', failure, code });
        request.destroy();
      };
      const onAbort = () => abandon('ABORTED');
      let stopTimer = clock.schedule(settings.requestTimeoutMs, () => abandon('ETIMEDOUT'));
      signal.addEventListener('abort', onAbort, { once: true });

      const began = () => {
        failure = 'broken';
        stopTimer();
        stopTimer = clock.schedule(settings.requestTimeoutMs, () => abandon('ETIMEDOUT'));
      };
      request.on('socket', (socket: Socket) => {
        if (!socket.connecting) return began();
        failure = 'not-connected';
        stopTimer();
        stopTimer = clock.schedule(settings.connectTimeoutMs, () => abandon('ETIMEDOUT'));
        socket.once(secure ? 'secureConnect' : 'connect', began);
      });
      request.on('error', (error) => settle({ kind: 'failed', failure, code: failureCode(error) }));
      request.on('response', (response) => {
        readAnswer(response).then(settle, (error: unknown) =>
          settle({ kind: 'failed', failure: 'broken', code: failureCode(error) }),
        );
      });
      request.end(body);
    });

  return {
    send(request, signal) {
      const result = send(request, signal);
      pending.add(result);
      void result.then(() => pending.delete(result));
      return result;
    },
    stats: () => {
      const count = (sockets: NodeJS.ReadOnlyDict<readonly unknown[]>) =>
        Object.values(sockets).reduce((sum, list) => sum + (list?.length ?? 0), 0);
      const active = count(agent.sockets);
      return { protocol: 'http/1.1', connections: active + count(agent.freeSockets), active };
    },
    async close() {
      closing = true;
      await Promise.all(pending);
      agent.destroy();
    },
  };
}

async function readAnswer(response: IncomingMessage): Promise<TransportResult> {
  response.setEncoding('utf8');
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return {
    kind: 'answered',
    status: response.statusCode ?? 0,
    retryAfter: response.headers['retry-after'],
    body,
  };
}
