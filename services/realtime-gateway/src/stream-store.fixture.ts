import type { Notification } from '@belfry/core/notification';
import type { Ticket } from '@belfry/core/store/credentials';
import type { RecipientKey } from '@belfry/core/store/routing';
import type { StreamItem } from '@belfry/core/store/user-stream';
import { UnavailableError } from '@belfry/core/unavailable-error';
import { hashSecret } from '@belfry/runtime';
import type { RealtimeGatewayDeps } from './realtime-gateway.ts';

type MutableStream = { items: StreamItem[]; head: number };

/** The part of the store that a gateway reads, in memory, with an outage that a test can switch on. */
export function createStreamStore() {
  const streams = new Map<string, MutableStream>();
  const tickets = new Map<string, Ticket>();
  const calls = { heads: 0, readStream: 0 };
  let epoch = 'e1';
  let down = false;

  const streamOf = ({ tenant, user }: RecipientKey): MutableStream => {
    const key = `${tenant}/${user}`;
    const stream = streams.get(key) ?? { items: [], head: 0 };
    streams.set(key, stream);
    return stream;
  };
  const checkUp = (): void => {
    if (down) throw new UnavailableError('store-unavailable', 'the test switched the store off');
  };

  const store: RealtimeGatewayDeps['store'] = {
    async epoch() {
      checkUp();
      return epoch;
    },
    async heads(users) {
      checkUp();
      calls.heads += 1;
      return users.map((user) => streamOf(user).head);
    },
    async readStream(user, after, limit) {
      checkUp();
      calls.readStream += 1;
      const { items, head } = streamOf(user);
      const found = items.filter((item) => item.offset > after).slice(0, limit);
      return { items: found, head, oldest: items[0]?.offset ?? head + 1 };
    },
    async consumeTicket(hash) {
      checkUp();
      const ticket = tickets.get(hash);
      tickets.delete(hash);
      return ticket;
    },
  };

  return {
    store,
    calls,
    append(user: RecipientKey, notification: Notification, visible = true): number {
      const stream = streamOf(user);
      stream.head += 1;
      stream.items.push({ offset: stream.head, visible, notification });
      return stream.head;
    },
    /** Forgets items up to `offset`, as retention does. */
    forget(user: RecipientKey, offset: number): void {
      const stream = streamOf(user);
      stream.items = stream.items.filter((item) => item.offset > offset);
    },
    addTicket(ticket: string, user: RecipientKey): void {
      tickets.set(hashSecret(ticket), { ...user, expiresAtMs: Number.MAX_SAFE_INTEGER });
    },
    setDown(value: boolean): void {
      down = value;
    },
    setEpoch(value: string): void {
      epoch = value;
    },
    epoch: () => epoch,
  };
}
