import { type ApiKey, TICKET_TTL_MS } from '@belfry/core/store/credentials';
import { expect, it } from 'vitest';
import type { StoreContract } from './store-contract.ts';
import { unique } from './store-contract-fixture.ts';

export function describeCredentials(contract: StoreContract): void {
  const ticketOf = () => ({ tenant: 'acme', user: 'ann', expiresAtMs: contract.clock.nowMs() + TICKET_TTL_MS });

  it('lets one of many callers at the same time use a ticket', async () => {
    const hash = unique('hash');
    const ticket = ticketOf();
    await contract.store.createTicket(hash, ticket);
    const answers = await Promise.all(Array.from({ length: 50 }, () => contract.store.consumeTicket(hash)));
    expect(answers.filter((answer) => answer !== undefined)).toEqual([ticket]);
  });

  it('refuses a ticket when its time is over, and one that never was', async () => {
    const hash = unique('hash');
    await contract.store.createTicket(hash, ticketOf());
    await contract.clock.advance(TICKET_TTL_MS);
    expect(await contract.store.consumeTicket(hash)).toBeUndefined();
    expect(await contract.store.consumeTicket(unique('hash'))).toBeUndefined();
  });

  it('refuses a used ticket also after a restart', async () => {
    const hash = unique('hash');
    await contract.store.createTicket(hash, ticketOf());
    expect(await contract.store.consumeTicket(hash)).toBeDefined();
    await contract.reopen();
    expect(await contract.store.consumeTicket(hash)).toBeUndefined();
  });

  it('keeps API keys, and replaces one with the same id', async () => {
    const key: ApiKey = {
      id: unique('key'),
      tenant: 'acme',
      secretHash: 'hash',
      scopes: ['notifications:write', 'dead-letters'],
      expiresAtMs: undefined,
    };
    expect(await contract.store.findApiKey(key.id)).toBeUndefined();
    await contract.store.putApiKey(key);
    expect(await contract.store.findApiKey(key.id)).toEqual(key);
    const replaced: ApiKey = { ...key, secretHash: 'other', scopes: ['admin'], expiresAtMs: 17 };
    await contract.store.putApiKey(replaced);
    await contract.reopen();
    expect(await contract.store.findApiKey(key.id)).toEqual(replaced);
  });
}
