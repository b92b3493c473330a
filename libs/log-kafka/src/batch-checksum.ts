import { crc32c } from '@node-rs/crc32';
import { mendKafkajs } from './kafkajs-source.ts';

/** kafkajs's reader of what a broker answered to a fetch. */
export type FetchDecoder = { readonly buffer: Buffer; readonly offset: number };

export type DecodeBatch = (decoder: FetchDecoder) => Promise<object>;

// A record batch of version 2: first offset (8 bytes), length of what follows (4), leader epoch (4), version (1), checksum (4), and what it is of.
const LENGTH_AT = 8;
const HEAD_BYTES = 12;
const CHECKSUM_AT = 17;
const CHECKED_FROM = 21;

/**
 * Makes kafkajs check the CRC-32C of every batch that it reads. It skips it, and brokers do not look either when they send what they have on disk: a bit that
 * changed there would be delivered.
 *
 * Applies to the whole process, once; but not where the client has fetched before, as it then keeps the function it has.
 */
export const mendBatchChecksum = mendKafkajs<DecodeBatch>({
  file: 'protocol/recordBatch/v0/decoder.js',
  user: 'protocol/requests/fetch/v4/decodeMessages.js',
  mend: checkBatches,
});

/** The client's word for a batch that it is to read again: those before it in the answer count. */
const READ_AGAIN = 'KafkaJSPartialMessageError';

/** Decodes as `stock` does. Rejects a batch that is not what its producer made; what comes before it in the answer is delivered first. */
export function checkBatches(stock: DecodeBatch): DecodeBatch {
  return async (decoder) => {
    const batch = decoder.buffer.subarray(decoder.offset);
    const end = batch.length < HEAD_BYTES ? Number.POSITIVE_INFINITY : HEAD_BYTES + batch.readInt32BE(LENGTH_AT);
    // The last batch of an answer may be cut off: the client reads it again.
    if (end <= batch.length && end >= CHECKED_FROM) {
      const told = batch.readUInt32BE(CHECKSUM_AT);
      const found = crc32c(batch.subarray(CHECKED_FROM, end));
      if (told !== found) {
        const offset = batch.readBigInt64BE(0);
        const error = new Error(`the batch at offset ${offset} is damaged: its checksum is ${found}, not ${told}`);
        if (decoder.offset > 0) error.name = READ_AGAIN;
        throw error;
      }
    }
    return stock(decoder);
  };
}
