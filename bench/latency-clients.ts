import { setTimeout as pause } from 'node:timers/promises';
import { machineMs } from '@belfry/testing/machine-clock';
import { WebSocket } from 'ws';

/**
 * The clients of latency.ts in a process of their own: a connection per ticket, each of which notes when a notification arrives and acknowledges what
 * came within a moment together, as the browser SDK does.
 */
export type Command =
  | {
      readonly kind: 'connect';
      readonly url: string;
      readonly tickets: readonly string[];
      readonly acknowledge: boolean;
    }
  /** Answered with what has arrived since the last such command, once it is `frames` or the time is up. */
  | { readonly kind: 'collect'; readonly frames: number; readonly withinMs: number };

export type Collected = { readonly latenciesMs: readonly number[] };

type Frame = {
  readonly type: string;
  readonly notification: { readonly id: string; readonly data: { readonly sentMs: number } };
};

/** As long as the SDK gathers. */
const GATHER_MS = 50;

let latenciesMs: number[] = [];

process.on('message', (command: Command) => void answer(command));
process.on('disconnect', () => process.exit(0));

async function answer(command: Command): Promise<void> {
  if (command.kind === 'connect') {
    for (const ticket of command.tickets) await connect(`${command.url}?ticket=${ticket}`, command.acknowledge);
    process.send?.({ connected: command.tickets.length });
    return;
  }
  const endMs = machineMs() + command.withinMs;
  while (latenciesMs.length < command.frames && machineMs() < endMs) await pause(5);
  process.send?.({ latenciesMs } satisfies Collected);
  latenciesMs = [];
}

function connect(url: string, acknowledge: boolean): Promise<void> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  let unacknowledged: string[] = [];
  const sendAcks = (): void => {
    socket.send(JSON.stringify({ type: 'ack', ids: unacknowledged }));
    unacknowledged = [];
  };
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code) => {
      throw new Error(`a client was disconnected: ${code}`);
    });
    socket.on('message', (bytes: Buffer) => {
      const arrivedMs = machineMs();
      const frame = JSON.parse(bytes.toString()) as Frame;
      if (frame.type === 'hello') resolve();
      if (frame.type !== 'notification') return;
      latenciesMs.push(arrivedMs - frame.notification.data.sentMs);
      if (!acknowledge) return;
      if (unacknowledged.push(frame.notification.id) === 1) setTimeout(sendAcks, GATHER_MS);
    });
  });
}
