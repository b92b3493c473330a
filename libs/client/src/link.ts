import type { ClientFrame, ServerFrame } from '@belfry/protocol/frames';
import type { TransportKind } from './client-options.ts';

/** What became of a link. `code` is a WebSocket close code; 1006 where there was none. */
export type LinkEnd = { readonly code: number; readonly reason: string };

export type LinkEvents = {
  frame(frame: ServerFrame): void;
  /** Once. Nothing follows. */
  ended(end: LinkEnd): void;
};

/** One connection attempt, and the connection if it comes to one. */
export type Link = {
  readonly transport: TransportKind;
  /** False when this transport cannot send, or not now. */
  send(frame: ClientFrame): boolean;
  /** Ends it. `ended` is not called for it. */
  close(): void;
};

/** The connection broke without a word (RFC 6455 §7.4.1). */
export const BROKEN: LinkEnd = { code: 1006, reason: 'connection-lost' };

/** A frame of a type that this version does not know is passed over: a newer gateway may send one. */
export function parseServerFrame(data: unknown): ServerFrame | undefined {
  if (typeof data !== 'string') return undefined;
  try {
    const frame: unknown = JSON.parse(data);
    return typeof frame === 'object' && frame !== null && 'type' in frame ? (frame as ServerFrame) : undefined;
  } catch {
    return undefined;
  }
}
