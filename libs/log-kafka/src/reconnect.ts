import type { Socket } from 'node:net';
import kafkajs from 'kafkajs';
import { loadKafkajsSource, prototypeOf } from './kafkajs-source.ts';

type Connection = {
  readonly broker: string;
  readonly socket: Socket | null;
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  isConnected(): boolean;
  connect(): Promise<unknown>;
  processData(data: Buffer): void;
};

const FILE = 'network/connection.js';
/** Of the length before each answer. */
const LENGTH_BYTES = 4;
let isMended = false;

/**
 * Makes a connection of kafkajs that is opened again begin anew. It keeps what it had of an answer when the line was cut, takes the first bytes of the
 * next line for the rest of it, and then either never understands an answer again or ends the process with an exception in the socket's listener. Also,
 * opening one that is closed during the TLS handshake never ends, and two who find it closed both open a line, of which one is left behind.
 *
 * Applies to the whole process, once. Throws where kafkajs is not as it was when this was written.
 */
export function mendReconnect(): void {
  if (isMended) return;
  const prototype = prototypeOf<Connection>(loadKafkajsSource(FILE), FILE, ['connect', 'isConnected', 'processData']);
  const { connect, processData } = prototype;
  const opening = new WeakMap<Connection, Promise<unknown>>();
  prototype.connect = function () {
    if (this.isConnected()) return connect.call(this);
    const underWay = opening.get(this);
    if (underWay !== undefined) return underWay;
    this.chunks = [];
    this.bytesBuffered = 0;
    this.bytesNeeded = LENGTH_BYTES;
    const connected = connect.call(this);
    const opened = Promise.race([connected, closeOf(this)]).finally(() => opening.delete(this));
    opening.set(this, opened);
    return opened;
  };
  prototype.processData = function (data) {
    try {
      processData.call(this, data);
    } catch (error) {
      // Whoever sent this does not speak the protocol. The listener for errors rejects what waits for an answer.
      this.socket?.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  };
  isMended = true;
}

function closeOf({ socket, broker }: Connection): Promise<never> {
  return new Promise((_, reject) => {
    socket?.once('close', () => reject(new kafkajs.KafkaJSConnectionError('closed while connecting', { broker })));
  });
}
