import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/**
 * The load of broadcast.ts in a process of its own: many raw WebSocket clients that only find the ends of frames and count them, so that the server is
 * what is measured. Keeps a number of messages in flight: the next is asked for when one has reached every client.
 */
export type Command =
  | { readonly kind: 'connect'; readonly port: number; readonly controlPort: number; readonly clients: number }
  | { readonly kind: 'run'; readonly fleet: number; readonly inFlight: number; readonly durationMs: number };

export type RunResult = {
  readonly deliveries: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

type Fleet = {
  readonly control: Socket;
  readonly clients: number;
  onFrame: (message: number) => void;
  /** Frames that every client had got when the run began. */
  counts: Int32Array;
};

const PING = 0x89;
/** An empty pong whose mask is zero: what a client sends is always masked. */
const MASKED_PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

const fleets: Fleet[] = [];

process.on('message', (command: Command) => void answer(command));
process.on('disconnect', () => process.exit(0));

async function answer(command: Command): Promise<void> {
  if (command.kind === 'run') process.send?.(await run(command));
  else {
    fleets.push(await connectFleet(command));
    process.send?.({ connected: command.clients });
  }
}

async function connectFleet({ port, controlPort, clients }: Command & { kind: 'connect' }): Promise<Fleet> {
  const control = connect(controlPort, '127.0.0.1').setNoDelay();
  const fleet: Fleet = { control, clients, onFrame: () => undefined, counts: new Int32Array(clients) };
  for (let index = 0; index < clients; index += 1) await connectClient(fleet, port, index);
  return fleet;
}

function connectClient(fleet: Fleet, port: number, index: number): Promise<void> {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  const key = randomBytes(16).toString('base64');
  socket.write(
    `GET /v1/realtime HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\nAuthorization: Bearer user-${index}\r\n\r\n`,
  );
  return new Promise((resolve, reject) => {
    let open = false;
    let rest: Buffer = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('close', () => {
      throw new Error(`client ${index} was disconnected`);
    });
    socket.on('data', (bytes) => {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      if (!open) {
        const end = rest.indexOf('\r\n\r\n');
        if (end === -1) return;
        if (!rest.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) return reject(new Error(rest.toString()));
        rest = rest.subarray(end + 4);
        open = true;
        resolve();
      }
      rest = rest.subarray(takeFrames(rest, socket, fleet, index));
    });
  });
}

/** Returns how many bytes were whole frames. A server's frames have no mask: two or four bytes of header below 64 KiB (RFC 6455 §5.2). */
function takeFrames(bytes: Buffer, socket: Socket, fleet: Fleet, index: number): number {
  let at = 0;
  while (bytes.length - at >= 2) {
    const short = bytes[at + 1] ?? 0;
    if (short === 126 && bytes.length - at < 4) break;
    const length = short === 126 ? bytes.readUInt16BE(at + 2) : short;
    const start = at + (short === 126 ? 4 : 2);
    if (start + length > bytes.length) break;
    // `{"type":"n…`: a notification and not hello.
    const isNotification = bytes[at] === 0x81 && bytes[start + 9] === 0x6e;
    if (bytes[at] === PING) socket.write(MASKED_PONG);
    at = start + length;
    if (!isNotification) continue;
    const message = fleet.counts[index] ?? 0;
    fleet.counts[index] = message + 1;
    fleet.onFrame(message);
  }
  return at;
}

function run({ fleet: which, inFlight, durationMs }: Command & { kind: 'run' }): Promise<RunResult> {
  const fleet = fleets[which];
  if (fleet === undefined) throw new Error(`there is no fleet ${which}`);
  fleet.counts.fill(0);
  const missing: number[] = [];
  const publishedMs: number[] = [];
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  const publish = (count: number): void => {
    for (let each = 0; each < count; each += 1) {
      missing.push(fleet.clients);
      publishedMs.push(performance.now());
    }
    fleet.control.write(Buffer.alloc(count));
  };
  return new Promise((resolve) => {
    let done = 0;
    let asked = 0;
    const refill = (): void => {
      const count = asked;
      asked = 0;
      publish(count);
    };
    fleet.onFrame = (message) => {
      const left = (missing[message] ?? 0) - 1;
      missing[message] = left;
      if (left > 0) return;
      done += 1;
      latenciesMs.push(performance.now() - (publishedMs[message] ?? 0));
      const overMs = performance.now() - startedMs;
      if (overMs < durationMs) {
        // All that came to an end in this turn is replaced at once, as a busy producer would.
        asked += 1;
        if (asked === 1) setImmediate(refill);
        return;
      }
      if (asked > 0 || done < missing.length) return;
      latenciesMs.sort((a, b) => a - b);
      resolve({
        deliveries: done * fleet.clients,
        seconds: overMs / 1_000,
        p50Ms: Number((latenciesMs[latenciesMs.length >> 1] ?? 0).toFixed(2)),
        p99Ms: Number((latenciesMs[Math.floor(latenciesMs.length * 0.99)] ?? 0).toFixed(2)),
      });
    };
    publish(inFlight);
  });
}
