import type { Clock } from '@belfry/core/clock';
import type { Credential } from 'firebase-admin/app';
import { failureCode } from './failure-code.ts';

export type AccessToken =
  | { readonly ok: true; readonly token: string }
  /** `code` is the system's word for the failure, safe to log. */
  | { readonly ok: false; readonly code: string };

export type AccessTokens = {
  /** The current token; fetches one where there is none. Never rejects. */
  current(): Promise<AccessToken>;
  /**
   * Another token than `refused`, which the provider answered 401 to. Undefined when there is none to be had: the token was fetched moments
   * ago, or never changes.
   */
  renew(refused: string): Promise<AccessToken | undefined>;
};

/** For endpoints that take a fixed token: Firebase's emulators and this project's simulator take `owner`. */
export function fixedAccessToken(token: string): AccessTokens {
  return { current: async () => ({ ok: true, token }), renew: async () => undefined };
}

export type AccessTokensOptions = {
  /** Opens the credential; called again for a renewal, because a credential keeps handing out the token that it has cached. */
  readonly openCredential: () => Credential;
  readonly clock: Clock;
  /** A token is replaced in the background this long before it expires. Default 300,000. */
  readonly refreshEarlyMs?: number;
  /** A failure is the answer to everyone who asks within this time. Default 10,000. */
  readonly shareFailureMs?: number;
  /** A fetch without an answer for this long has failed: firebase-admin sets no limit of its own. Default 20,000. */
  readonly fetchTimeoutMs?: number;
};

type Held = { readonly token: string; readonly fetchedAtMs: number; readonly expiresAtMs: number };
type Failed = { readonly code: string; readonly untilMs: number };

/** A token this close to its end might expire on the way to the provider. */
const USABLE_MARGIN_MS = 30_000;
/** A fresh token that is refused is not replaced again within this time: the fault is elsewhere, and Google limits token requests. */
const RENEWAL_PAUSE_MS = 60_000;

/** OAuth tokens with one fetch at a time, whoever asks, and a short memory of failures, so that an outage is not answered with a storm. */
export function createAccessTokens(options: AccessTokensOptions): AccessTokens {
  const { clock, openCredential } = options;
  const { refreshEarlyMs = 300_000, shareFailureMs = 10_000, fetchTimeoutMs = 20_000 } = options;
  let credential: Credential | undefined;
  let held: Held | undefined;
  let failed: Failed | undefined;
  let fetching: Promise<AccessToken> | undefined;

  const fetchToken = async (): Promise<AccessToken> => {
    try {
      credential ??= openCredential();
      const { access_token: token, expires_in: expiresInSeconds } = await withTimeout(
        credential.getAccessToken(),
        fetchTimeoutMs,
        clock,
      );
      const nowMs = clock.monotonicMs();
      held = { token, fetchedAtMs: nowMs, expiresAtMs: nowMs + expiresInSeconds * 1000 };
      failed = undefined;
      return { ok: true, token };
    } catch (error) {
      credential = undefined;
      failed = { code: failureCode(error), untilMs: clock.monotonicMs() + shareFailureMs };
      return { ok: false, code: failed.code };
    }
  };
  const refresh = (): Promise<AccessToken> => {
    if (failed && clock.monotonicMs() < failed.untilMs) return Promise.resolve({ ok: false, code: failed.code });
    fetching ??= fetchToken().finally(() => {
      fetching = undefined;
    });
    return fetching;
  };

  return {
    async current() {
      const leftMs = held ? held.expiresAtMs - clock.monotonicMs() : 0;
      if (!held || leftMs <= USABLE_MARGIN_MS) return refresh();
      if (leftMs <= refreshEarlyMs) void refresh();
      return { ok: true, token: held.token };
    },
    async renew(refused) {
      if (!held) return refresh();
      // Somebody else's renewal has already replaced it.
      if (held.token !== refused) return { ok: true, token: held.token };
      if (clock.monotonicMs() - held.fetchedAtMs < RENEWAL_PAUSE_MS) return undefined;
      credential = undefined;
      held = undefined;
      const renewed = await refresh();
      return renewed.ok && renewed.token === refused ? undefined : renewed;
    },
  };
}

/** Without it one lost answer would keep every later caller waiting for the same fetch. */
function withTimeout<T>(work: Promise<T>, timeoutMs: number, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopTimer = clock.schedule(timeoutMs, () =>
      reject(Object.assign(new Error('no access token in time'), { code: 'ETIMEDOUT' })),
    );
    work.then(resolve, reject).finally(stopTimer);
  });
}
