import type { Store } from '@belfry/core/store/store';
import { beginAccept, markAccepted } from './queries/accept.ts';
import { cancelNotification } from './queries/cancellation.ts';
import { consumeTicket, createTicket, findApiKey, setApiKeys } from './queries/credentials.ts';
import { groupDeadLetters, listDeadLetters } from './queries/dead-letters.ts';
import { listDevices, registerDevice, removeDevice } from './queries/devices.ts';
import { figures } from './queries/figures.ts';
import { readGate } from './queries/gate.ts';
import { claimIdempotencyKeys, completeIdempotencyKeys, releaseIdempotencyKey } from './queries/idempotency.ts';
import { readNotification } from './queries/ledger.ts';
import { acknowledge, markAllRead, markRead, markSent } from './queries/realtime-marks.ts';
import { expandAudience } from './queries/recipients.ts';
import { redrive } from './queries/redrive.ts';
import { expireUnseen, purge } from './queries/retention.ts';
import { route } from './queries/routing.ts';
import { settle } from './queries/settle.ts';
import { claimDueTimers, nextTimerInMs, removeTimers } from './queries/timers.ts';
import { listUnreadableJobs, putUnreadableJobs } from './queries/unreadable-jobs.ts';
import { epoch, heads, readInbox, readStream } from './queries/user-stream.ts';
import {
  listSubscribers,
  readPreferences,
  subscribeTopic,
  unsubscribeTopic,
  writePreferences,
} from './queries/users.ts';
import type { QueryContext } from './query-context.ts';

/** A port method as a query: the same arguments after the context, run inside a transaction that the adapter holds. */
type QueryOf<Method> = Method extends (...args: infer Args) => Promise<infer Result>
  ? (context: QueryContext, ...args: Args) => Promise<Result>
  : never;

type PortQueries = {
  readonly [Name in Exclude<keyof Store, 'close' | 'claimIdempotencyKey' | 'completeIdempotencyKey'>]: QueryOf<
    Store[Name]
  >;
};

/** Every use case of the store, whatever the database. */
export const storeMethods = {
  acknowledge,
  beginAccept,
  cancelNotification,
  claimDueTimers,
  // Two of the port's methods take one key; here they take many, so that concurrent requests share a statement.
  claimIdempotencyKeys,
  completeIdempotencyKeys,
  consumeTicket,
  createTicket,
  epoch,
  expandAudience,
  expireUnseen,
  figures,
  findApiKey,
  groupDeadLetters,
  heads,
  listDeadLetters,
  listDevices,
  listSubscribers,
  listUnreadableJobs,
  markAccepted,
  markAllRead,
  markRead,
  markSent,
  nextTimerInMs,
  purge,
  putUnreadableJobs,
  readGate,
  readInbox,
  readNotification,
  readPreferences,
  readStream,
  redrive,
  registerDevice,
  releaseIdempotencyKey,
  removeDevice,
  removeTimers,
  route,
  setApiKeys,
  settle,
  subscribeTopic,
  unsubscribeTopic,
  writePreferences,
} satisfies PortQueries & { readonly [name: string]: (context: QueryContext, ...args: never[]) => Promise<unknown> };

export type StoreMethods = typeof storeMethods;
