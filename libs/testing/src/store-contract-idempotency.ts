import { IDEMPOTENCY_KEY_TTL_MS } from '@belfry/core/store/idempotency';
import { expect, it } from 'vitest';
import type { StoreContract } from './store-contract.ts';
import { unique } from './store-contract-fixture.ts';

export function describeIdempotency(contract: StoreContract): void {
  const claimOf = (seed: string, fields: { tenant?: string; key?: string; bodyHash?: string } = {}) => ({
    tenant: 'acme',
    key: unique('key'),
    bodyHash: 'hash',
    seed,
    ...fields,
  });

  it('gives a key to one of a hundred callers at the same time', async () => {
    const key = unique('key');
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => contract.store.claimIdempotencyKey(claimOf(`seed-${index}`, { key }))),
    );
    expect(answers.filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
    expect(answers.filter(({ kind }) => kind === 'running')).toHaveLength(99);
  });

  it('replays the answer of the first, also after a restart, and keeps tenants apart', async () => {
    const claim = claimOf('s1');
    expect(await contract.store.claimIdempotencyKey(claim)).toEqual({ kind: 'claimed', seed: 's1', takenOver: false });
    const response = { status: 202, body: '{"id":"n1"}' };
    await contract.store.completeIdempotencyKey(claim.tenant, claim.key, response);
    await contract.reopen();
    expect(await contract.store.claimIdempotencyKey({ ...claim, seed: 's2' })).toEqual({ kind: 'replay', response });
    expect(await contract.store.claimIdempotencyKey({ ...claim, tenant: 'other' })).toMatchObject({ kind: 'claimed' });
  });

  it('tells another body from a repeat', async () => {
    const claim = claimOf('s1');
    await contract.store.claimIdempotencyKey(claim);
    expect(await contract.store.claimIdempotencyKey({ ...claim, bodyHash: 'other' })).toEqual({ kind: 'mismatch' });
    await contract.store.completeIdempotencyKey(claim.tenant, claim.key, { status: 202, body: '' });
    expect(await contract.store.claimIdempotencyKey({ ...claim, bodyHash: 'other' })).toEqual({ kind: 'mismatch' });
  });

  it('hands a claim that ran for more than ten seconds over, with the first seed, to one caller', async () => {
    const claim = claimOf('first');
    await contract.store.claimIdempotencyKey(claim);
    await contract.clock.advance(10_000);
    const running = await contract.store.claimIdempotencyKey({ ...claim, seed: 'second' });
    expect(running.kind === 'running' && running.retryAfterMs).toBeGreaterThan(0);
    await contract.clock.advance(1);
    const answers = await Promise.all(
      ['second', 'third'].map((seed) => contract.store.claimIdempotencyKey({ ...claim, seed })),
    );
    expect(answers).toMatchObject([{ kind: 'claimed', seed: 'first', takenOver: true }, { kind: 'running' }]);
  });

  it('keeps the first answer when the process that was taken over answers too', async () => {
    const claim = claimOf('s1');
    await contract.store.claimIdempotencyKey(claim);
    await contract.store.completeIdempotencyKey(claim.tenant, claim.key, { status: 202, body: 'first' });
    await contract.store.completeIdempotencyKey(claim.tenant, claim.key, { status: 202, body: 'second' });
    await contract.store.releaseIdempotencyKey(claim.tenant, claim.key);
    expect(await contract.store.claimIdempotencyKey(claim)).toEqual({
      kind: 'replay',
      response: { status: 202, body: 'first' },
    });
  });

  it('forgets a released claim at once and a used key after a day', async () => {
    const claim = claimOf('s1');
    await contract.store.claimIdempotencyKey(claim);
    await contract.store.releaseIdempotencyKey(claim.tenant, claim.key);
    expect(await contract.store.claimIdempotencyKey({ ...claim, seed: 's2', bodyHash: 'corrected' })).toEqual({
      kind: 'claimed',
      seed: 's2',
      takenOver: false,
    });
    await contract.store.completeIdempotencyKey(claim.tenant, claim.key, { status: 202, body: '' });
    await contract.clock.advance(IDEMPOTENCY_KEY_TTL_MS);
    expect(await contract.store.claimIdempotencyKey({ ...claim, seed: 's3' })).toEqual({
      kind: 'claimed',
      seed: 's3',
      takenOver: false,
    });
    expect(await contract.store.claimIdempotencyKey(claim)).toMatchObject({ kind: 'running' });
  });
}
