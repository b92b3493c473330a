import { type ClientHttp2Stream, constants } from 'node:http2';
import type { Clock } from '@belfry/core/clock';
import { failureCode } from './failure-code.ts';
import type { TransportResult } from './transport.ts';

export type AnswerOptions = {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** From now to the last byte of the answer. */
  readonly timeoutMs: number;
  isConnectionGone(): boolean;
  /** The protocol's word for it when the server said that it did not process the stream; asked once the stream is closed. */
  refusedBy(): string | undefined;
};

/** The largest answer that is kept; FCM's errors have under 2 KiB. The rest is read and dropped. */
const MAX_ANSWER_CHARACTERS = 65_536;

/** Reads the answer to a request that has begun. Never rejects; on a timeout or an abort the stream is reset and the result is there at once. */
export function readHttp2Answer(stream: ClientHttp2Stream, options: AnswerOptions): Promise<TransportResult> {
  const { signal, clock, timeoutMs } = options;
  return new Promise((resolve) => {
    let status = 0;
    let retryAfter: string | undefined;
    let body = '';
    let receivedBytes = 0;
    let announcedBytes: number | undefined;
    let whole = false;
    let failure: string | undefined;

    const settle = (result: TransportResult) => {
      stopTimer();
      signal.removeEventListener('abort', onAbort);
      resolve(result);
    };
    const abandon = (code: string) => {
      settle({ kind: 'failed', failure: 'broken', code });
      stream.close(constants.NGHTTP2_CANCEL);
    };
    const onAbort = () => abandon('ABORTED');
    const stopTimer = clock.schedule(timeoutMs, () => abandon('ETIMEDOUT'));
    signal.addEventListener('abort', onAbort, { once: true });

    stream.setEncoding('utf8');
    stream.on('response', (headers) => {
      status = headers[':status'] ?? 0;
      retryAfter = headers['retry-after'];
      const length = headers['content-length'];
      announcedBytes = length === undefined ? undefined : Number(length);
    });
    stream.on('data', (chunk: string) => {
      receivedBytes += Buffer.byteLength(chunk);
      if (body.length < MAX_ANSWER_CHARACTERS) body += chunk;
    });
    stream.on('end', () => {
      // Node also ends the stream of a connection that broke off in the middle of an answer.
      const complete = announcedBytes === undefined ? !options.isConnectionGone() : announcedBytes === receivedBytes;
      whole = status !== 0 && complete;
    });
    stream.on('error', (error) => {
      failure = failureCode(error);
    });
    stream.on('close', () => {
      const refusal = options.refusedBy();
      if (whole) settle({ kind: 'answered', status, retryAfter, body });
      else if (refusal) settle({ kind: 'failed', failure: 'refused-stream', code: refusal });
      else settle({ kind: 'failed', failure: 'broken', code: failure ?? 'ECONNRESET' });
    });
  });
}
