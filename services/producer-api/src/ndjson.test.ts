import { describe, expect, it } from 'vitest';
import { BrokenLine, parseNdjson } from './ndjson.ts';

describe('parseNdjson', () => {
  it.each([
    ['one line without an end', '{"a":1}', [{ a: 1 }]],
    ['LF', '{"a":1}\n{"a":2}\n', [{ a: 1 }, { a: 2 }]],
    ['CR LF', '{"a":1}\r\n{"a":2}\r\n', [{ a: 1 }, { a: 2 }]],
    ['blank lines', '\n\n{"a":1}\n \t\n{"a":2}\n\n', [{ a: 1 }, { a: 2 }]],
    ['a byte order mark', '\uFEFF{"a":1}', [{ a: 1 }]],
    ['other JSON values', '1\n"x"\nnull\n[]', [1, 'x', null, []]],
    ['a line separator inside a text', '{"a":"x\u2028y"}', [{ a: 'x\u2028y' }]],
    ['nothing', '', []],
    ['only line ends', '\r\n\n', []],
  ])('reads %s', (_name, text, items) => {
    expect(parseNdjson(text)).toEqual(items);
  });

  it('keeps a broken line in its place', () => {
    const items = parseNdjson('{"a":1}\n{"a":\n{"a":3}');
    expect(items).toHaveLength(3);
    expect(items[1]).toBeInstanceOf(BrokenLine);
    expect(items[2]).toEqual({ a: 3 });
  });

  it('takes a JSON array on one line for one item', () => {
    expect(parseNdjson('[{"a":1},{"a":2}]')).toEqual([[{ a: 1 }, { a: 2 }]]);
  });
});
