import type { PushChannel } from '@belfry/core/notification';

/** What a simulated device does with what is sent to it. */
export const BEHAVIOURS = ['works', 'fails-twice', 'always-fails', 'gone', 'hangs', 'throttled'] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

/** A script of the provider simulator: steps for the next requests, then `afterwards` for ever. */
type Script = { readonly steps: readonly unknown[]; readonly afterwards?: unknown };

const THROTTLE_SECONDS = 3;

export function scriptOf(behaviour: Behaviour, channel: PushChannel): Script {
  switch (behaviour) {
    case 'works':
      return { steps: [], afterwards: { kind: 'accept' } };
    case 'fails-twice':
      return { steps: [{ kind: 'status', status: 503, times: 2 }], afterwards: { kind: 'accept' } };
    case 'always-fails':
      return { steps: [], afterwards: { kind: 'status', status: 500 } };
    case 'gone':
      // FCM says it with 404 UNREGISTERED, Web Push with 410.
      return { steps: [], afterwards: { kind: 'status', status: channel === 'fcm' ? 404 : 410 } };
    case 'hangs':
      return { steps: [], afterwards: { kind: 'hang' } };
    case 'throttled':
      return {
        steps: [{ kind: 'status', status: 429, retryAfter: THROTTLE_SECONDS }],
        afterwards: { kind: 'accept' },
      };
  }
}
