import type { HttpApp } from '@belfry/runtime';
import { z } from 'zod';
import { describeRoute } from '../describe-route.ts';
import { onlyProblemResponses } from '../problem-responses.ts';

/** The VAPID key that pages subscribe with now (RFC 8292). */
export type WebPushKey = {
  /** base64url, uncompressed P-256 point. */
  readonly publicKey: string;
  readonly keyId: string;
};

/** `GET /v1/webpush/public-key`. Open to everyone: a page needs it before anybody has signed in, and it is public by nature. */
export function addWebPushKeyRoute(app: HttpApp, { publicKey, keyId }: WebPushKey): void {
  app.get(
    '/v1/webpush/public-key',
    {
      schema: {
        ...describeRoute({
          tag: 'Web Push',
          operationId: 'readWebPushKey',
          summary: 'The key to subscribe with',
          description: 'Pass it to `PushManager.subscribe` as `applicationServerKey`.',
          scope: undefined,
        }),
        response: {
          200: z.object({ publicKey: z.string(), keyId: z.string() }).describe('The current key'),
          ...onlyProblemResponses('internal_error'),
        },
      },
    },
    () => ({ publicKey, keyId }),
  );
}
