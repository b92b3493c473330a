/**
 * What one attempt came to. An expected failure is a value; an exception out of a channel is a bug or broken infrastructure.
 * `code` is the provider's own word for it (`429`, `UNREGISTERED`), `reason` is ours (`throttled`), stable and documented.
 */
export type Outcome =
  | { readonly kind: 'delivered'; readonly code: string }
  /** Worth another try. `afterMs` is the provider's own wait, never shortened; `floorMs` is the provider's rule for its first wait. */
  | {
      readonly kind: 'retry';
      readonly code: string;
      readonly reason: string;
      readonly afterMs?: number;
      readonly floorMs?: number;
    }
  /** The device is dead: remove the version of it that was sent to. */
  | { readonly kind: 'gone'; readonly code: string; readonly reason: string }
  /** Will never work as it is; the device stays. */
  | { readonly kind: 'rejected'; readonly code: string; readonly reason: string; readonly fault?: SetupFault }
  | { readonly kind: 'expired'; readonly code: string; readonly reason: string }
  | { readonly kind: 'superseded'; readonly code: string; readonly reason: string }
  /** The request may have been acted on: the connection broke, or time ran out, after bytes were written. */
  | { readonly kind: 'unknown'; readonly code: string; readonly reason: string };

/**
 * Not the delivery is at fault, but the credentials or the project that it was sent with. `setup`: nothing sent to the host works until somebody mends them. `perhaps-setup`: so it
 * may be, or it is this one device, or the platform it is of.
 */
export type SetupFault = 'setup' | 'perhaps-setup';

export type OutcomeKind = Outcome['kind'];

/** An attempt as the ledger keeps it. */
export type Attempt = {
  /** 1 for the first. */
  readonly number: number;
  readonly atMs: number;
  readonly durationMs: number;
  readonly outcome: OutcomeKind;
  readonly code: string;
  readonly reason: string;
  /** The provider host that answered; never a path, which is a secret for Web Push. */
  readonly host: string;
};
