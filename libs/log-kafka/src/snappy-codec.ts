import { compress, uncompress } from 'snappy';

/** How Java's snappy library (org.xerial) begins a stream; then two version numbers, then blocks that each follow their length. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;
const LENGTH_BYTES = 4;

/** Reads both forms that producers write: xerial's (Java) and one bare block (librdkafka may, kafkajs does). */
export async function decompressSnappy(compressed: Buffer): Promise<Buffer> {
  if (!compressed.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return block(compressed);
  const blocks: Buffer[] = [];
  let at = XERIAL_HEADER_BYTES;
  while (at < compressed.length) {
    const from = at + LENGTH_BYTES;
    at = from + compressed.readUInt32BE(at);
    if (at > compressed.length) throw new RangeError('a snappy block is cut short');
    blocks.push(await block(compressed.subarray(from, at)));
  }
  return Buffer.concat(blocks);
}

export function compressSnappy(plain: Buffer): Promise<Buffer> {
  return compress(plain);
}

async function block(compressed: Buffer): Promise<Buffer> {
  const plain = await uncompress(compressed, { asBuffer: true });
  return typeof plain === 'string' ? Buffer.from(plain) : plain;
}
