import { mendKafkajs } from './kafkajs-source.ts';

/** kafkajs's reader of the bytes of one record. */
export type Decoder = {
  readonly buffer: Buffer;
  offset: number;
  readInt8(): number;
  readVarInt(): number;
  readVarIntBytes(): Buffer | null;
  readVarIntString(): string | null;
};

/** What the records of a batch share: one object for all of them. */
export type BatchContext = {
  readonly firstOffset: string;
  readonly firstTimestamp: string;
  readonly maxTimestamp: string;
  readonly timestampType: number;
  readonly magicByte: number;
  readonly isControlBatch?: boolean;
};

export type DecodeRecord = (decoder: Decoder, context: BatchContext) => object;

const LOG_APPEND_TIME = 1;
/** Bytes of a varint whose 28 bits fit bit operations on numbers. */
const SHORT_VARINT = 4;

/**
 * Spares kafkajs most of its work for each record that it reads: it computes offset and timestamp with about twenty big integers, though both are small
 * steps from those of the batch.
 *
 * Applies to the whole process, once; but not where the client has fetched before, as it then keeps the function it has. Throws where kafkajs is
 * not the release that this was written for.
 */
export const mendRecordDecoding = mendKafkajs<DecodeRecord>({
  file: 'protocol/recordBatch/record/v0/decoder.js',
  user: 'protocol/recordBatch/v0/decoder.js',
  mend: createRecordDecoder,
});

/** Decodes as `stock` does, and leaves to it what is rare: steps of more than a day and a half, numbers beyond 2^53, and a header named `__proto__`. */
export function createRecordDecoder(stock: DecodeRecord): DecodeRecord {
  // Records of a batch come one after the other.
  let known: BatchContext | undefined;
  let firstOffset = Number.NaN;
  let firstTimestamp = Number.NaN;

  const leaveToStock = (decoder: Decoder, start: number, context: BatchContext) => {
    decoder.offset = start;
    return stock(decoder, context);
  };

  return (decoder, context) => {
    if (context !== known) {
      known = context;
      firstOffset = Number(context.firstOffset);
      firstTimestamp = Number(context.firstTimestamp);
    }
    const start = decoder.offset;
    const attributes = decoder.readInt8();
    const timestampDelta = readShortVarint(decoder);
    if (timestampDelta === undefined) return leaveToStock(decoder, start, context);
    const timestamp = firstTimestamp + timestampDelta;
    const offset = firstOffset + decoder.readVarInt();
    const key = decoder.readVarIntBytes();
    const value = decoder.readVarIntBytes();
    const headers = readHeaders(decoder);
    if (headers === undefined || !Number.isSafeInteger(timestamp) || !Number.isSafeInteger(offset)) {
      return leaveToStock(decoder, start, context);
    }
    return {
      magicByte: context.magicByte,
      attributes,
      timestamp: timestampOf(context, timestampDelta, timestamp),
      offset: String(offset),
      key,
      value,
      headers,
      isControlRecord: context.isControlBatch ?? false,
      batchContext: context,
    };
  };
}

function timestampOf(context: BatchContext, delta: number, timestamp: number): string {
  if (context.timestampType === LOG_APPEND_TIME && context.maxTimestamp !== '') return context.maxTimestamp;
  return delta === 0 ? context.firstTimestamp : String(timestamp);
}

/**
 * As the client gathers them, without a new object for each header: several of one name become a list, and one that is named like a property of every object
 * (`constructor`) a list with that property first. Undefined where assigning would change the object instead.
 */
function readHeaders(decoder: Decoder): Record<string, unknown> | undefined {
  const headers: Record<string, unknown> = {};
  for (let left = decoder.readVarInt(); left > 0; left--) {
    const name = decoder.readVarIntString() ?? 'null';
    if (name === '__proto__') return undefined;
    const value = decoder.readVarIntBytes();
    const known = headers[name];
    headers[name] = known === undefined ? value : Array.isArray(known) ? [...known, value] : [known, value];
  }
  return headers;
}

/** Undefined where it is longer. */
function readShortVarint(decoder: Decoder): number | undefined {
  let bits = 0;
  for (let index = 0; index < SHORT_VARINT; index++) {
    const byte = decoder.buffer[decoder.offset++] ?? 0;
    bits |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return (bits >>> 1) ^ -(bits & 1);
  }
  return undefined;
}
