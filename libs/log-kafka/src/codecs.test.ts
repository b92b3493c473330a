import { compressSync } from 'snappy';
import { describe, expect, it } from 'vitest';
import { type Codec, lz4Codec, snappyCodec, zstdCodec } from './codecs.ts';

const plain = Buffer.from('a record, '.repeat(10_000));
const CODECS: readonly [name: string, codec: Codec][] = [
  ['snappy', snappyCodec],
  ['lz4', lz4Codec],
  ['zstd', zstdCodec],
];

describe.each(CODECS)('%s', (_, codec) => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from([7])],
    ['much', plain],
  ])('gives back %s', async (_size, buffer) => {
    const compressed = await codec.compress({ buffer });
    expect((await codec.decompress(compressed)).equals(buffer)).toBe(true);
  });

  it('makes repetitive data small', async () => {
    expect((await codec.compress({ buffer: plain })).length).toBeLessThan(plain.length / 10);
  });

  it('rejects bytes that are something else', async () => {
    await expect(codec.decompress(Buffer.from('by no means compressed'))).rejects.toThrow();
  });
});

describe('snappy as Java writes it', () => {
  const framed = (...blocks: readonly Buffer[]) => {
    const header = Buffer.from('82534e41505059000000000100000001', 'hex');
    const lengths = blocks.map((block) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(block.length);
      return length;
    });
    return Buffer.concat([header, ...blocks.flatMap((block, index) => [lengths[index] ?? Buffer.alloc(0), block])]);
  };

  it('is a header and any number of blocks', async () => {
    const blocks = [plain.subarray(0, 32_768), plain.subarray(32_768)].map((block) => compressSync(block));
    expect((await snappyCodec.decompress(framed(...blocks))).equals(plain)).toBe(true);
    expect(await snappyCodec.decompress(framed())).toHaveLength(0);
  });

  it('rejects a block that is cut short', async () => {
    const whole = framed(compressSync(plain));
    await expect(snappyCodec.decompress(whole.subarray(0, -1))).rejects.toThrow('a snappy block is cut short');
  });
});
