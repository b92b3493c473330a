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

  it('knows the API keys of the last configuration, and no others', async () => {
    const key: ApiKey = {
      id: unique('key'),
      tenant: 'acme',
      secretHash: 'hash',
      scopes: ['notifications:write', 'dead-letters'],
      expiresAtMs: undefined,
    };
    expect(await contract.store.findApiKey(key.id)).toBeUndefined();
    const other = { ...key, id: unique('key') };
    await contract.store.setApiKeys([key, other]);
    expect(await contract.store.findApiKey(key.id)).toEqual(key);
    expect(await contract.store.findApiKey(other.id)).toEqual(other);
    const replaced: ApiKey = { ...key, tenant: 'globex', secretHash: 'other', scopes: ['admin'], expiresAtMs: 17 };
    const added = { ...key, id: unique('key') };
    await contract.store.setApiKeys([added, replaced]);
    await contract.reopen();
    expect(await contract.store.findApiKey(key.id)).toEqual(replaced);
    expect(await contract.store.findApiKey(added.id)).toEqual(added);
    expect(await contract.store.findApiKey(other.id)).toBeUndefined();
    await Promise.all([contract.store.setApiKeys([added]), contract.store.setApiKeys([added])]);
    expect(await contract.store.findApiKey(key.id)).toBeUndefined();
    await contract.store.setApiKeys([]);
    expect(await contract.store.findApiKey(added.id)).toBeUndefined();
  });
}
