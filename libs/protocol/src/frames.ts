import { z } from 'zod';
import { LIMITS } from './limits.ts';

/** A notification as devices and browsers see it: without audience and options. */
export type ClientNotification = {
  readonly id: string;
  readonly type: string;
  readonly title: string;
  readonly body?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly icon?: string;
  readonly url?: string;
  readonly priority: string;
  readonly acceptedAt: string;
  readonly expiresAt: string;
};

export type HelloFrame = {
  readonly type: 'hello';
  readonly cursor: string;
  /** False: history does not reach back to the cursor that was asked for; read the inbox. */
  readonly recovered: boolean;
  /** Whose stream it is. A cursor means nothing in another one, and a ticket does not show its user. */
  readonly tenant: string;
  readonly user: string;
  readonly heartbeatMs: number;
  /** Over SSE: the credential for `POST /v1/acks`, as long as the connection may last. */
  readonly ackToken?: string;
};
export type NotificationFrame = {
  readonly type: 'notification';
  readonly cursor: string;
  readonly notification: ClientNotification;
};
export type ErrorFrame = { readonly type: 'error'; readonly code: string; readonly detail: string };
export type GoodbyeFrame = { readonly type: 'goodbye'; readonly reconnectAfterMs: number };
export type PongFrame = { readonly type: 'pong' };
export type ServerFrame = HelloFrame | NotificationFrame | ErrorFrame | GoodbyeFrame | PongFrame;

/** What a client may send. The first frame may be `authenticate` when the URL and the headers carried no credential. */
export const clientFrameSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('authenticate'),
    token: z.string().max(8_192).optional(),
    ticket: z.string().max(256).optional(),
    cursor: z.string().max(128).optional(),
  }),
  z.strictObject({
    type: z.literal('ack'),
    ids: z.array(z.string().min(1).max(LIMITS.idLength)).min(1).max(LIMITS.ackIds),
  }),
  z.strictObject({
    type: z.literal('read'),
    ids: z.array(z.string().min(1).max(LIMITS.idLength)).min(1).max(LIMITS.ackIds),
  }),
  z.strictObject({ type: z.literal('ping') }),
]);
export type ClientFrame = z.infer<typeof clientFrameSchema>;
