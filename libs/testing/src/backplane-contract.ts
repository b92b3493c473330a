import type { Backplane, Hint } from '@belfry/core/backplane';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** Long enough for an adapter with a broker behind it on a busy machine. */
const ARRIVAL = { timeout: 10_000, interval: 5 } as const;

const hint = (user: string, offset: number, tenant = 'acme'): Hint => ({
  tenant,
  user,
  offset,
  frame: `frame ${offset}`,
});

/**
 * What every backplane keeps to. `create` makes a connected one that shares its hints with nobody outside the test. Hints may be lost by contract; in a
 * quiet test without faults every adapter delivers them, and that is what is asserted.
 */
export function describeBackplane(name: string, create: () => Promise<Backplane>): void {
  describe(`backplane contract: ${name}`, () => {
    let backplane: Backplane;

    beforeEach(async () => {
      backplane = await create();
    });
    afterEach(async () => {
      await backplane.close();
    });

    /** Resolves when a hint published after everything else has come round: nothing published before is still on its way. */
    const flush = async (): Promise<void> => {
      let seen = false;
      const stop = backplane.subscribe('acme', 'flush', () => {
        seen = true;
      });
      await vi.waitFor(() => {
        backplane.publish([hint('flush', 1)]);
        expect(seen).toBe(true);
      }, ARRIVAL);
      stop();
    };

    it('wakes the subscriber of the user with the hint as it was published', async () => {
      const received: Hint[] = [];
      backplane.subscribe('acme', 'alice', (each) => received.push(each));
      await flush();
      backplane.publish([hint('alice', 7)]);
      await vi.waitFor(() => expect(received).toEqual([hint('alice', 7)]), ARRIVAL);
    });

    it('carries a hint without a frame', async () => {
      const received: Hint[] = [];
      backplane.subscribe('acme', 'alice', (each) => received.push(each));
      await flush();
      backplane.publish([{ tenant: 'acme', user: 'alice', offset: 3 }]);
      await vi.waitFor(() => expect(received).toEqual([{ tenant: 'acme', user: 'alice', offset: 3 }]), ARRIVAL);
    });

    it('keeps users and tenants apart', async () => {
      const received: string[] = [];
      backplane.subscribe('acme', 'alice', (each) => received.push(`acme/${each.user}/${each.offset}`));
      backplane.subscribe('acme', 'bob', (each) => received.push(`acme/${each.user}/${each.offset}`));
      backplane.subscribe('other', 'alice', (each) => received.push(`other/${each.user}/${each.offset}`));
      await flush();
      backplane.publish([hint('alice', 1), hint('bob', 2), hint('alice', 3, 'other')]);
      await vi.waitFor(
        () => expect(received.toSorted()).toEqual(['acme/alice/1', 'acme/bob/2', 'other/alice/3']),
        ARRIVAL,
      );
    });

    it('wakes every subscriber of a user once, the same handler twice where it subscribed twice', async () => {
      const received: string[] = [];
      const shared = (): void => void received.push('shared');
      backplane.subscribe('acme', 'alice', () => received.push('first'));
      backplane.subscribe('acme', 'alice', shared);
      const stopOne = backplane.subscribe('acme', 'alice', shared);
      await flush();
      backplane.publish([hint('alice', 1)]);
      await vi.waitFor(() => expect(received.toSorted()).toEqual(['first', 'shared', 'shared']), ARRIVAL);
      stopOne();
      stopOne();
      backplane.publish([hint('alice', 2)]);
      await vi.waitFor(
        () => expect(received.toSorted()).toEqual(['first', 'first', 'shared', 'shared', 'shared']),
        ARRIVAL,
      );
    });

    it('is silent after the subscription was ended', async () => {
      const received: number[] = [];
      const stop = backplane.subscribe('acme', 'alice', (each) => received.push(each.offset));
      await flush();
      stop();
      backplane.publish([hint('alice', 1)]);
      await flush();
      expect(received).toEqual([]);
    });

    it('does not keep hints for a subscriber that comes later', async () => {
      backplane.publish([hint('alice', 1)]);
      await flush();
      const received: number[] = [];
      backplane.subscribe('acme', 'alice', (each) => received.push(each.offset));
      backplane.publish([hint('alice', 2)]);
      await vi.waitFor(() => expect(received).toContain(2), ARRIVAL);
      expect(received).not.toContain(1);
    });

    it('keeps one handler that throws from the others and from the publisher', async () => {
      const received: number[] = [];
      backplane.subscribe('acme', 'alice', () => {
        throw new Error('a handler that fails');
      });
      backplane.subscribe('acme', 'alice', (each) => received.push(each.offset));
      await flush();
      expect(() => backplane.publish([hint('alice', 1), hint('alice', 2)])).not.toThrow();
      await vi.waitFor(() => expect(received.toSorted()).toEqual([1, 2]), ARRIVAL);
    });

    it('never calls a handler before publish has returned', async () => {
      let returned = false;
      const calledAfterReturn: boolean[] = [];
      backplane.subscribe('acme', 'alice', () => calledAfterReturn.push(returned));
      await flush();
      backplane.publish([hint('alice', 1)]);
      returned = true;
      await vi.waitFor(() => expect(calledAfterReturn).toEqual([true]), ARRIVAL);
    });

    it('carries many hints for many users', async () => {
      const users = Array.from({ length: 200 }, (_, index) => `user-${index}`);
      const received = new Map<string, number[]>();
      for (const user of users) {
        received.set(user, []);
        backplane.subscribe('acme', user, (each) => received.get(user)?.push(each.offset));
      }
      await flush();
      for (let offset = 1; offset <= 5; offset++) backplane.publish(users.map((user) => hint(user, offset)));
      await vi.waitFor(() => {
        for (const user of users) expect(new Set(received.get(user))).toEqual(new Set([1, 2, 3, 4, 5]));
      }, ARRIVAL);
    });

    it('does nothing after close, and closes twice', async () => {
      const received: number[] = [];
      backplane.subscribe('acme', 'alice', (each) => received.push(each.offset));
      await backplane.close();
      expect(() => backplane.publish([hint('alice', 1)])).not.toThrow();
      await backplane.close();
      expect(received).toEqual([]);
    });
  });
}
