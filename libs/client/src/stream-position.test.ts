import { describe, expect, it } from 'vitest';
import { createKeptValues } from './kept-values.ts';
import { createStreamPosition } from './stream-position.ts';

function createStorage() {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
}

const hello = (user: string, cursor: string, { recovered = true, tenant = 'default' } = {}) =>
  ({ type: 'hello', cursor, recovered, tenant, user, heartbeatMs: 25_000 }) as const;

/** What a page has after it was loaded anew. */
const load = (storage: ReturnType<typeof createStorage>, baseUrl = 'https://push.example') =>
  createStreamPosition(createKeptValues(storage, baseUrl));

describe('the position in a stream', () => {
  it('is found again after a reload, for this Belfry and this account only', () => {
    const storage = createStorage();
    const before = load(storage);
    expect(before.ask('alice')).toBeUndefined();
    before.begin(hello('alice', 'e:1'));
    before.moveTo('e:2');
    expect(load(storage).ask('alice')).toBe('e:2');
    expect(load(storage).ask('bob')).toBeUndefined();
    expect(load(storage).ask(undefined)).toBeUndefined();
    expect(load(storage, 'https://other.example').ask('alice')).toBeUndefined();
  });

  it('is kept for each of two users who take turns in one tab', () => {
    const storage = createStorage();
    for (const [user, cursor] of [
      ['alice', 'e:41'],
      ['bob', 'e:7'],
    ] as const) {
      const position = load(storage);
      position.ask(user);
      expect(position.begin(hello(user, cursor))).toEqual({ recovered: true, isOtherStream: false });
    }
    const again = load(storage);
    expect(again.ask('alice')).toBe('e:41');
    expect(again.begin(hello('alice', 'e:41'))).toEqual({ recovered: true, isOtherStream: false });
  });

  it('is of the account that a client connects as now, not of the one before', () => {
    const position = load(createStorage());
    position.ask('alice');
    position.begin(hello('alice', 'e:41'));
    expect(position.ask('bob')).toBeUndefined();
    expect(position.begin(hello('bob', 'e:90'))).toEqual({ recovered: false, isOtherStream: true });
    expect(position.user()).toBe('bob');
    expect(position.ask('alice')).toBe('e:41');
  });

  it.each([
    ['of another user, on a ticket that does not say whose it is', undefined, hello('bob', 'e:41')],
    ['of another user than the page named', 'alice', hello('bob', 'e:41')],
    ['of the same name in another tenant', 'alice', hello('alice', 'e:41', { tenant: 'acme' })],
  ])('in a stream %s counts as not recovered, though the gateway resumed there', (_, account, other) => {
    const storage = createStorage();
    const position = load(storage);
    position.ask(account);
    position.begin(hello('alice', 'e:41'));
    expect(position.ask(account)).toBe('e:41');
    expect(position.begin(other)).toEqual({ recovered: false, isOtherStream: true });

    const reloaded = load(storage);
    reloaded.ask(account);
    expect(reloaded.begin(hello('alice', 'e:41'))).toEqual({ recovered: false, isOtherStream: false });
  });

  it('says what the gateway says about its own stream', () => {
    const position = load(createStorage());
    position.ask('alice');
    position.begin(hello('alice', 'e:1'));
    position.ask('alice');
    expect(position.begin(hello('alice', 'e:1'))).toEqual({ recovered: true, isOtherStream: false });
    expect(position.begin(hello('alice', 'f:0', { recovered: false }))).toEqual({
      recovered: false,
      isOtherStream: false,
    });
  });

  it('is kept in memory where a storage is forbidden, and not read out of what is no position', () => {
    const forbidden = () => {
      throw new Error('storage is forbidden');
    };
    const inMemory = createStreamPosition(
      createKeptValues({ getItem: forbidden, setItem: forbidden, removeItem: forbidden }, 'https://push.example'),
    );
    inMemory.ask('alice');
    inMemory.begin(hello('alice', 'e:2'));
    expect(inMemory.ask('alice')).toBe('e:2');

    const storage = createStorage();
    for (const text of ['e:41', '7', 'null', '{"cursor":"e:41"}']) {
      storage.items.set('belfry:cursor:https://push.example:alice', text);
      expect(load(storage).ask('alice')).toBeUndefined();
    }
  });
});
