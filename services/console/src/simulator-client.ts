import { Agent, request } from 'node:https';
import { certificateAuthorityPem } from '@belfry/provider-simulator';
import type { SimulatorControl } from './simulated-devices.ts';

type ControlRequest = Parameters<SimulatorControl['control']>[0];
type ControlAnswer = Awaited<ReturnType<SimulatorControl['control']>>;

const TIMEOUT_MS = 5_000;

/** The control API of a simulator that is a process of its own, under the simulator's authority and no other. */
export function createSimulatorClient(simulatorUrl: string): SimulatorControl {
  const agent = new Agent({ keepAlive: true, ca: certificateAuthorityPem(), ALPNProtocols: ['http/1.1'] });
  return {
    control: ({ method, path, query, body }: ControlRequest) =>
      new Promise<ControlAnswer>((resolve, reject) => {
        const url = new URL(`${simulatorUrl}${path}`);
        url.search = query.toString();
        const text = body === undefined ? undefined : JSON.stringify(body);
        const headers = text === undefined ? {} : { 'content-length': Buffer.byteLength(text) };
        const outgoing = request(url, { method, agent, headers, timeout: TIMEOUT_MS }, (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () => resolve(answerOf(incoming.statusCode ?? 0, Buffer.concat(chunks).toString('utf8'))));
        });
        outgoing.on('timeout', () =>
          outgoing.destroy(new Error(`the simulator has not answered within ${TIMEOUT_MS} ms`)),
        );
        outgoing.on('error', reject);
        outgoing.end(text);
      }),
  };
}

function answerOf(status: number, text: string): ControlAnswer {
  try {
    return { status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  } catch {
    return { status, body: text };
  }
}
