import { promisify } from 'node:util';
import zlib from 'node:zlib';
import kafkajs from 'kafkajs';
import { compressLz4, decompressLz4 } from './lz4-codec.ts';
import { compressSnappy, decompressSnappy } from './snappy-codec.ts';

export type Codec = {
  readonly compress: (encoder: { readonly buffer: Buffer }) => Promise<Buffer>;
  readonly decompress: (compressed: Buffer) => Promise<Buffer>;
};

const zstdCompress = promisify(zlib.zstdCompress);
const zstdDecompress = promisify(zlib.zstdDecompress);

export const zstdCodec: Codec = {
  compress: ({ buffer }) => zstdCompress(buffer),
  decompress: (compressed) => zstdDecompress(compressed),
};
export const snappyCodec: Codec = { compress: ({ buffer }) => compressSnappy(buffer), decompress: decompressSnappy };
export const lz4Codec: Codec = { compress: ({ buffer }) => compressLz4(buffer), decompress: decompressLz4 };

/**
 * Teaches the client to read what other producers compress with; of itself it knows gzip. The table is the client's own and one for the process,
 * so doing it again changes nothing.
 */
export function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  Object.assign(CompressionCodecs, {
    [CompressionTypes.Snappy]: () => snappyCodec,
    [CompressionTypes.LZ4]: () => lz4Codec,
    [CompressionTypes.ZSTD]: () => zstdCodec,
  });
}
