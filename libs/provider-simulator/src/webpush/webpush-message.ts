import type { PushHeaders } from './check-request.ts';

/** One push message as the service took it. */
export type WebPushMessage = PushHeaders & {
  /** Names the message resource of the answer's Location. */
  readonly messageId: string;
  /** Decrypted, as UTF-8; '' when the service was told not to decrypt. */
  readonly payload: string;
  /** Encrypted size. */
  readonly bodyBytes: number;
  readonly httpVersion: string;
  readonly headers: Readonly<Record<string, string>>;
};
