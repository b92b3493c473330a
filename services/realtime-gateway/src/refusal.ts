import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { ERRORS, type ErrorCode } from '@belfry/protocol/errors';
import { type ProblemOptions, problemDocument } from '@belfry/runtime';

/** Why a handshake is answered with a problem document instead of a connection. */
export type Refusal = { readonly code: ErrorCode; readonly options: ProblemOptions };

export const RETRY_AFTER_SECONDS = 5;

/** Answers an upgrade request that no WebSocket comes of, and hangs up. */
export function refuseUpgrade(socket: Duplex, { code, options }: Refusal): void {
  const { status } = ERRORS[code];
  const body = JSON.stringify(problemDocument(code, options));
  const retry = options.retryAfterSeconds === undefined ? [] : [`Retry-After: ${options.retryAfterSeconds}`];
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...retry,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
