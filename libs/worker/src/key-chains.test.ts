import { expect, it } from 'vitest';
import { type Chain, createKeyChains } from './key-chains.ts';

type Item = { readonly key: string; readonly name: string; next: Item | undefined; chain: Chain<Item> | undefined };
const item = (key: string, name: string): Item => ({ key, name, next: undefined, chain: undefined });

it('lets one item per key run, in the order of arrival, and keys run beside each other', () => {
  const chains = createKeyChains<Item>();
  const [a1, a2, a3, b1] = [item('a', 'a1'), item('a', 'a2'), item('a', 'a3'), item('b', 'b1')];
  expect([a1, a2, b1, a3].map(chains.add)).toEqual([true, false, true, false]);
  expect(chains.keys).toBe(2);
  expect(chains.finish(a1)?.name).toBe('a2');
  expect(chains.finish(b1)).toBeUndefined();
  expect(chains.finish(a2)?.name).toBe('a3');
  expect(chains.finish(a3)).toBeUndefined();
  expect(chains.keys).toBe(0);
});

it('lets a key start afresh once its chain has run out', () => {
  const chains = createKeyChains<Item>();
  const first = item('a', 'first');
  chains.add(first);
  chains.finish(first);
  expect(chains.add(item('a', 'second'))).toBe(true);
});

it('forgets most of the keys that have no items', () => {
  const chains = createKeyChains<Item>();
  const staying = item('staying', '1');
  chains.add(staying);
  for (let count = 0; count < 10_000; count++) {
    const passing = item(`key ${count}`, '1');
    expect(chains.add(passing)).toBe(true);
    expect(chains.finish(passing)).toBeUndefined();
  }
  expect(chains.keys).toBe(1);
  expect(chains.idleKeys).toBeLessThanOrEqual(1_024);
  expect(chains.add(item('staying', '2'))).toBe(false);
  expect(chains.finish(staying)?.name).toBe('2');
});
