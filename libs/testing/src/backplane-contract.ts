import type { Backplane, Hint } from '@belfry/core/backplane';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** Long enough for an adapter with a broker behind it on a busy machine. */
const ARRIVAL = { timeout: 20_000, interval: 5 } as const;

/** What processes share that reach one another's users: a server with a prefix, a log topic, or one process's memory. */
export type BackplaneMedium = {
  /** The backplane of one process; where there is only one process, the same each time. */
  open(): Promise<Backplane>;
  /** Called after all backplanes were closed. */
  dispose?(): Promise<void>;
};

const hint = (user: string, offset: number, tenant = 'acme'): Hint => ({
  tenant,
  user,
  offset,
  frame: `frame ${offset}`,
});

/** Offsets above this are not the tests' own. */
const MARKER = 1_000_000;

/** Names that adapters might take apart, escape or cut. No lone surrogates: no wire carries them, and names do not have them. */
const NAMES = [
  'alice',
  'a/b',
  'a:b',
  '3:a/b',
  '*',
  'a*',
  'h?llo',
  '[a-z]',
  ' ',
  'é',
  'е́',
  '名前',
  '👩‍👩‍👧',
  '__proto__',
  '"\\',
  '\u0000\n',
];

/**
 * What every backplane keeps to, between a process that publishes and one that subscribes. Hints may be lost, doubled or reordered by contract, so nothing
 * here asserts an order, and repeats are forgiven; but in a quiet test without faults every adapter delivers them, and that is asserted.
 */
export function describeBackplane(name: string, createMedium: () => Promise<BackplaneMedium>): void {
  describe(`backplane contract: ${name}`, () => {
    let medium: BackplaneMedium;
    let publisher: Backplane;
    let backplane: Backplane;
    let markers = 0;

    beforeEach(async () => {
      medium = await createMedium();
      publisher = await medium.open();
      backplane = await medium.open();
    });
    afterEach(async () => {
      await publisher.close();
      await backplane.close();
      await medium.dispose?.();
    });

    /**
     * Resolves when a hint for the user that was published after everything else has come round: what was published before for the same user has, too, and
     * subscriptions are in effect.
     */
    const flush = async (user = 'alice', ...subscribers: readonly Backplane[]): Promise<void> => {
      for (const subscriber of subscribers.length > 0 ? subscribers : [backplane]) {
        const offset = MARKER + ++markers;
        let seen = false;
        const stop = subscriber.subscribe('acme', user, (each) => {
          seen ||= each.offset === offset;
        });
        await vi.waitFor(() => {
          publisher.publish([hint(user, offset)]);
          expect(seen).toBe(true);
        }, ARRIVAL);
        stop();
      }
    };
    /** A handler that keeps what is not a marker of `flush`. */
    const keepIn =
      (received: Hint[]) =>
      (each: Hint): void => {
        if (each.offset < MARKER) received.push(each);
      };
    const offsetsOf = (received: readonly Hint[]): number[] =>
      [...new Set(received.map(({ offset }) => offset))].toSorted((a, b) => a - b);

    it('wakes the subscriber of the user with the hint as it was published', async () => {
      const received: Hint[] = [];
      backplane.subscribe('acme', 'alice', keepIn(received));
      await flush();
      publisher.publish([hint('alice', 7)]);
      await vi.waitFor(() => expect(received).toContainEqual(hint('alice', 7)), ARRIVAL);
    });

    it('wakes subscribers in the publishing process and in others', async () => {
      const other = await medium.open();
      const received = new Set<string>();
      publisher.subscribe('acme', 'alice', () => received.add('publisher'));
      backplane.subscribe('acme', 'alice', () => received.add('backplane'));
      other.subscribe('acme', 'alice', () => received.add('other'));
      await flush('alice', publisher, backplane, other);
      publisher.publish([hint('alice', 1)]);
      await vi.waitFor(() => expect(received).toEqual(new Set(['publisher', 'backplane', 'other'])), ARRIVAL);
      await other.close();
    });

    it('carries a hint without a frame', async () => {
      const received: Hint[] = [];
      backplane.subscribe('acme', 'alice', keepIn(received));
      await flush();
      publisher.publish([{ tenant: 'acme', user: 'alice', offset: 3 }]);
      await vi.waitFor(() => expect(received).toContainEqual({ tenant: 'acme', user: 'alice', offset: 3 }), ARRIVAL);
    });

    it('keeps users and tenants apart, whatever characters their names have', async () => {
      const received = new Set<string>();
      const published: Hint[] = [];
      for (const tenant of NAMES) {
        for (const user of NAMES) {
          published.push({ tenant, user, offset: published.length + 1, frame: `${tenant} ${user}` });
          // Reads the subscriber's names, not the hint's.
          backplane.subscribe(tenant, user, (each) => {
            received.add(JSON.stringify([tenant, user, each.tenant, each.user, each.offset, each.frame]));
          });
        }
      }
      await flush();
      publisher.publish(published);
      const wanted = new Set(
        published.map(({ tenant, user, offset, frame }) => JSON.stringify([tenant, user, tenant, user, offset, frame])),
      );
      await vi.waitFor(() => expect(received.size).toBeGreaterThanOrEqual(wanted.size), ARRIVAL);
      await flush();
      expect(received).toEqual(wanted);
    });

    it('carries every frame bit for bit', async () => {
      const received = new Map<number, string | undefined>();
      backplane.subscribe('acme', 'alice', ({ offset, frame }) => {
        if (offset < MARKER) received.set(offset, frame);
      });
      await flush();
      const frames = [
        ...fc.sample(fc.string({ unit: 'binary', maxLength: 200 }), 200),
        JSON.stringify({ text: '👩‍👩‍👧 "\\\u2028\u0000\r\n', list: [1, null] }),
        '\uFEFFwith a byte order mark',
        'x'.repeat(16_384),
      ];
      publisher.publish(frames.map((frame, index) => ({ tenant: 'acme', user: 'alice', offset: index + 1, frame })));
      await vi.waitFor(() => expect(received.size).toBe(frames.length), ARRIVAL);
      expect(frames.map((_, index) => received.get(index + 1))).toEqual(frames);
    });

    it('wakes every subscriber of a user, the same handler twice where it subscribed twice, until each has ended', async () => {
      const received = new Set<string>();
      const shared = vi.fn<(each: Hint) => void>();
      backplane.subscribe('acme', 'alice', ({ offset }) => received.add(`first ${offset}`));
      backplane.subscribe('acme', 'alice', shared);
      const stopOne = backplane.subscribe('acme', 'alice', shared);
      await flush();
      publisher.publish([hint('alice', 1)]);
      await vi.waitFor(() => {
        expect(received).toContain('first 1');
        expect(shared.mock.calls.filter(([{ offset }]) => offset === 1).length).toBeGreaterThanOrEqual(2);
      }, ARRIVAL);
      stopOne();
      stopOne();
      publisher.publish([hint('alice', 2)]);
      await vi.waitFor(() => {
        expect(received).toContain('first 2');
        expect(shared.mock.calls.filter(([{ offset }]) => offset === 2).length).toBeGreaterThanOrEqual(1);
      }, ARRIVAL);
    });

    it('is silent after the subscription was ended, and speaks again after the next', async () => {
      const received: Hint[] = [];
      const stop = backplane.subscribe('acme', 'alice', keepIn(received));
      await flush();
      stop();
      publisher.publish([hint('alice', 1)]);
      await flush();
      expect(received).toEqual([]);
      backplane.subscribe('acme', 'alice', keepIn(received));
      await flush();
      publisher.publish([hint('alice', 2)]);
      await vi.waitFor(() => expect(offsetsOf(received)).toEqual([2]), ARRIVAL);
    });

    it('keeps a subscription that ended and began again within a moment', async () => {
      const received: Hint[] = [];
      for (let times = 0; times < 5; times++) backplane.subscribe('acme', 'alice', () => undefined)();
      const stop = backplane.subscribe('acme', 'alice', () => undefined);
      await flush();
      stop();
      backplane.subscribe('acme', 'alice', keepIn(received));
      await flush();
      publisher.publish([hint('alice', 1)]);
      await vi.waitFor(() => expect(offsetsOf(received)).toEqual([1]), ARRIVAL);
    });

    it('does not keep hints for a subscriber that comes later', async () => {
      publisher.publish([hint('alice', 1)]);
      await flush();
      const received: Hint[] = [];
      backplane.subscribe('acme', 'alice', keepIn(received));
      await flush();
      publisher.publish([hint('alice', 2)]);
      await vi.waitFor(() => expect(offsetsOf(received)).toEqual([2]), ARRIVAL);
    });

    it('takes a subscription before it has done anything else, and says so where hints may have been missed', async () => {
      const fresh = await medium.open();
      const heardOf = new Set<number>();
      let gapAfter = 0;
      let published = 0;
      fresh.subscribe(
        'acme',
        'alice',
        ({ offset }) => heardOf.add(offset),
        () => {
          gapAfter = published;
        },
      );
      // Until one arrives. What was published before the gap that was told, if one was, a gateway reads; nothing after it is missing.
      await vi.waitFor(() => {
        published += 1;
        publisher.publish([hint('alice', published)]);
        expect(heardOf.size).toBeGreaterThan(0);
      }, ARRIVAL);
      const last = published;
      await vi.waitFor(() => expect(heardOf).toContain(last), ARRIVAL);
      for (let offset = gapAfter + 1; offset <= last; offset++) expect(heardOf).toContain(offset);
      await fresh.close();
    });

    it('keeps one handler that throws from the others and from the publisher', async () => {
      const received: Hint[] = [];
      backplane.subscribe('acme', 'alice', () => {
        throw new Error('a handler that fails');
      });
      backplane.subscribe('acme', 'alice', keepIn(received));
      await flush();
      expect(() => publisher.publish([hint('alice', 1), hint('alice', 2)])).not.toThrow();
      await vi.waitFor(() => expect(offsetsOf(received)).toEqual([1, 2]), ARRIVAL);
    });

    it('never calls a handler before publish has returned', async () => {
      let returned = false;
      const calledAfterReturn = new Set<boolean>();
      publisher.subscribe('acme', 'alice', ({ offset }) => {
        if (offset === 1) calledAfterReturn.add(returned);
      });
      await flush('alice', publisher);
      publisher.publish([hint('alice', 1)]);
      returned = true;
      await vi.waitFor(() => expect(calledAfterReturn).toEqual(new Set([true])), ARRIVAL);
    });

    it('carries a burst of many hints for many users', async () => {
      const users = Array.from({ length: 1_000 }, (_, index) => `user-${index}`);
      const received = new Set<string>();
      for (const user of users) backplane.subscribe('acme', user, ({ offset }) => received.add(`${user} ${offset}`));
      await flush();
      for (let offset = 1; offset <= 5; offset++) publisher.publish(users.map((user) => hint(user, offset)));
      await vi.waitFor(() => expect(received.size).toBe(users.length * 5), ARRIVAL);
    });

    it('survives that others close', async () => {
      const other = await medium.open();
      const received: Hint[] = [];
      backplane.subscribe('acme', 'alice', keepIn(received));
      if (other !== backplane) await other.close();
      await flush();
      publisher.publish([hint('alice', 1)]);
      await vi.waitFor(() => expect(offsetsOf(received)).toEqual([1]), ARRIVAL);
    });

    it('does nothing after close, and closes twice', async () => {
      const received: Hint[] = [];
      const stop = backplane.subscribe('acme', 'alice', keepIn(received));
      await flush();
      publisher.publish([hint('alice', 1)]);
      const closing = backplane.close();
      received.length = 0;
      await closing;
      publisher.publish([hint('alice', 2)]);
      backplane.publish([hint('alice', 3)]);
      backplane.subscribe('acme', 'alice', keepIn(received));
      await Promise.all([backplane.close(), publisher.close()]);
      stop();
      publisher.publish([hint('alice', 4)]);
      await new Promise((resolve) => setImmediate(resolve));
      expect(received).toEqual([]);
    });
  });
}
