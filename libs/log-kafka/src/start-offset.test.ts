import { expect, it } from 'vitest';
import { startOffset } from './start-offset.ts';

const range = { low: 10n, high: 20n };

it.each([
  ['nowhere yet', undefined, { offset: 10n }],
  ['what the broker calls nowhere', -1n, { offset: 10n }],
  ['what the client commits after OFFSET_OUT_OF_RANGE', -2n, { offset: 10n }],
  ['the first', 10n, { offset: 10n }],
  ['inside', 15n, { offset: 15n }],
  ['the end', 20n, { offset: 20n }],
  ['removed', 9n, { offset: 10n, trouble: 'removed' }],
  ['beyond the end', 21n, { offset: 10n, trouble: 'truncated' }],
] as const)('begins rightly from %s', (_, wanted, start) => {
  expect(startOffset(wanted, range)).toEqual(start);
});
