import type { IncomingHttpHeaders } from 'node:http';

/** What a provider answers. A string body is sent as it is, anything else as JSON. */
export type Reply = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
};

/** One request, wholly read, and everything that a provider, well or ill, can do with it. The first call of an ending decides. */
export type Exchange = {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Scheme, host and port that the client meant, as in `aud` of a VAPID token. */
  readonly origin: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly httpVersion: string;
  answer(reply: Reply): void;
  /** TCP reset of the whole connection, with every other request on it. */
  reset(): void;
  /** Sends the end of the stream (TLS close_notify and FIN) without an answer; goes on reading. */
  halfClose(): void;
  /**
   * HTTP/2 GOAWAY. With a reply: the reply, then GOAWAY that counts this request as processed. Without: GOAWAY that says this request was
   * not processed, then the connection closes. On HTTP/1.1: `Connection: close`, or a close without an answer.
   */
  goAway(reply: Reply | undefined): void;
};
