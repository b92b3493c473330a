import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** What a broker of our own does with a request: `connection` counts from 1, in the order in which they were opened. */
export type Answer = (socket: Socket, request: Buffer, connection: number) => void;

export type HandMadeBroker = {
  readonly port: number;
  /** Connections so far. */
  opened(): number;
  answerWith(answer: Answer): void;
  stop(): void;
};

/** Listens on 127.0.0.1 and answers nothing until it is told how. */
export async function startHandMadeBroker(): Promise<HandMadeBroker> {
  let opened = 0;
  let answer: Answer = () => {};
  const server = createServer((socket) => {
    const connection = ++opened;
    socket.on('data', (request) => answer(socket, request, connection));
    socket.on('error', () => {});
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    opened: () => opened,
    answerWith: (next) => {
      answer = next;
    },
    stop: () => void server.close(),
  };
}

const METADATA = 3;
const API_VERSIONS = 18;

export function asksForMetadata(request: Buffer): boolean {
  return request.readInt16BE(4) === METADATA;
}

/** The answer to ApiVersions, the first request of every connection, of a broker that offers it and metadata. */
export function apiVersions(request: Buffer): Buffer {
  const offers = [
    [API_VERSIONS, 0, 0],
    [METADATA, 0, 1],
  ].map((versions) => Buffer.concat(versions.map(int16)));
  return answerTo(request, int16(0), int32(offers.length), ...offers);
}

/** The answer to Metadata 1 of a broker that is alone and has no topic. */
export function metadata(request: Buffer, port: number): Buffer {
  const broker = [int32(1), text('127.0.0.1'), int32(port), int16(-1)];
  return answerTo(request, int32(1), ...broker, int32(1), int32(0));
}

function answerTo(request: Buffer, ...fields: readonly Buffer[]): Buffer {
  const correlationId = request.subarray(8, 12);
  const body = Buffer.concat([correlationId, ...fields]);
  return Buffer.concat([int32(body.length), body]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);
}
