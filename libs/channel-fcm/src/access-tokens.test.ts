import { createFakeClock } from '@belfry/testing/fake-clock';
import type { GoogleOAuthAccessToken } from 'firebase-admin/app';
import { describe, expect, it } from 'vitest';
import { createAccessTokens, fixedAccessToken } from './access-tokens.ts';

const HOUR_SECONDS = 3_600;

/** A token endpoint whose answers the test gives: each fetch waits in `fetches`. */
function createTokenEndpoint() {
  const clock = createFakeClock();
  const fetches: PromiseWithResolvers<GoogleOAuthAccessToken>[] = [];
  let opened = 0;
  const openCredential = () => {
    opened += 1;
    return {
      getAccessToken: () => {
        const fetch = Promise.withResolvers<GoogleOAuthAccessToken>();
        fetches.push(fetch);
        return fetch.promise;
      },
    };
  };
  const grant = (token: string) => fetches.at(-1)?.resolve({ access_token: token, expires_in: HOUR_SECONDS });
  const fail = (code: string) => fetches.at(-1)?.reject(Object.assign(new Error('no'), { code }));
  return { clock, tokens: createAccessTokens({ openCredential, clock }), fetches, grant, fail, opened: () => opened };
}

describe('access tokens', () => {
  it('fetches once for 16 callers, and again only near the end of the hour', async () => {
    const { tokens, fetches, grant, clock } = createTokenEndpoint();
    const callers = Array.from({ length: 16 }, () => tokens.current());
    grant('one');
    expect(new Set((await Promise.all(callers)).map((access) => access.ok && access.token))).toEqual(new Set(['one']));
    await clock.advance(54 * 60_000);
    expect(await tokens.current()).toEqual({ ok: true, token: 'one' });
    expect(fetches).toHaveLength(1);
  });

  it('replaces a token in the background before it expires, while callers keep the old one', async () => {
    const { tokens, fetches, grant, clock } = createTokenEndpoint();
    const first = tokens.current();
    grant('one');
    await first;
    await clock.advance(56 * 60_000);
    expect(await Promise.all([tokens.current(), tokens.current()])).toEqual([
      { ok: true, token: 'one' },
      { ok: true, token: 'one' },
    ]);
    expect(fetches).toHaveLength(2);
    grant('two');
    await clock.settle();
    expect(await tokens.current()).toEqual({ ok: true, token: 'two' });
  });

  it('waits for a new token rather than hand out one that is about to expire', async () => {
    const { tokens, grant, clock } = createTokenEndpoint();
    const first = tokens.current();
    grant('one');
    await first;
    await clock.advance(59.6 * 60_000);
    const second = tokens.current();
    grant('two');
    expect(await second).toEqual({ ok: true, token: 'two' });
  });

  it('shares a failure with everyone for ten seconds, then tries again', async () => {
    const { tokens, fetches, grant, fail, clock } = createTokenEndpoint();
    const callers = Array.from({ length: 16 }, () => tokens.current());
    fail('ENOTFOUND');
    expect(await Promise.all(callers)).toEqual(callers.map(() => ({ ok: false, code: 'ENOTFOUND' })));
    await clock.advance(9_999);
    expect(await tokens.current()).toEqual({ ok: false, code: 'ENOTFOUND' });
    expect(fetches).toHaveLength(1);
    await clock.advance(1);
    const later = tokens.current();
    grant('one');
    expect(await later).toEqual({ ok: true, token: 'one' });
  });

  it('gives up a fetch that gets no answer, instead of waiting with it for ever', async () => {
    const { tokens, fetches, grant, clock } = createTokenEndpoint();
    const stuck = [tokens.current(), tokens.current()];
    await clock.advance(20_000);
    expect(await Promise.all(stuck)).toEqual(stuck.map(() => ({ ok: false, code: 'ETIMEDOUT' })));
    await clock.advance(10_000);
    const later = tokens.current();
    grant('one');
    expect(await later).toEqual({ ok: true, token: 'one' });
    expect([fetches.length, clock.pending]).toEqual([2, 0]);
  });

  it('reports a credential that cannot be opened like a failed fetch', async () => {
    const openCredential = () => {
      throw Object.assign(new Error('no file'), { code: 'ENOENT' });
    };
    const tokens = createAccessTokens({ openCredential, clock: createFakeClock() });
    expect(await tokens.current()).toEqual({ ok: false, code: 'ENOENT' });
  });

  it('renews a refused token once for all who saw the refusal, with a credential opened anew', async () => {
    const { tokens, fetches, grant, clock, opened } = createTokenEndpoint();
    const first = tokens.current();
    grant('one');
    await first;
    await clock.advance(60_000);
    const renewals = Array.from({ length: 16 }, () => tokens.renew('one'));
    await clock.settle();
    grant('two');
    expect(new Set((await Promise.all(renewals)).map((access) => access?.ok && access.token))).toEqual(
      new Set(['two']),
    );
    expect([fetches.length, opened()]).toEqual([2, 2]);
    expect(await tokens.renew('one')).toEqual({ ok: true, token: 'two' });
    expect(fetches).toHaveLength(2);
  });

  it('does not renew a token that is fresh: the fault is elsewhere', async () => {
    const { tokens, fetches, grant, clock } = createTokenEndpoint();
    const first = tokens.current();
    grant('one');
    await first;
    await clock.advance(59_999);
    expect(await tokens.renew('one')).toBeUndefined();
    expect(fetches).toHaveLength(1);
  });

  it('has nothing to renew when the same token comes back, or a fixed one is refused', async () => {
    const { tokens, grant, clock } = createTokenEndpoint();
    const first = tokens.current();
    grant('one');
    await first;
    await clock.advance(60_000);
    const renewal = tokens.renew('one');
    await clock.settle();
    grant('one');
    expect(await renewal).toBeUndefined();
    const fixed = fixedAccessToken('owner');
    expect([await fixed.current(), await fixed.renew('owner')]).toEqual([{ ok: true, token: 'owner' }, undefined]);
  });
});
