import { compressFrame, decompressFrame } from 'lz4-napi';

/** Kafka's lz4 is the frame format (record batches of version 2 have its header checksum right). */
export function decompressLz4(compressed: Buffer): Promise<Buffer> {
  return decompressFrame(compressed);
}

export function compressLz4(plain: Buffer): Promise<Buffer> {
  return compressFrame(plain);
}
