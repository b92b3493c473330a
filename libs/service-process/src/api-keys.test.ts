import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCOPES } from '@belfry/core/store/credentials';
import { hashSecret } from '@belfry/runtime';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { afterAll, describe, expect, it } from 'vitest';
import { configuredApiKeys, newApiKey } from './api-keys.ts';

const OPERATOR = 'bk_dev_0123456789abcdefghijklmnop';
const SECRET = 'a-part-that-nobody-may-see';
const HASH = hashSecret('any');
const GOOD = { id: 'billing', tenant: 'acme', scopes: ['notifications:write'], sha256: HASH };

const folder = mkdtempSync(join(tmpdir(), 'belfry-api-keys-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(content: unknown) {
  const file = join(folder, 'api-keys.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return configuredApiKeys({ BELFRY_API_KEYS: file }, OPERATOR);
}

const operator = {
  id: 'dev',
  tenant: 'default',
  secretHash: hashSecret(OPERATOR),
  scopes: SCOPES,
  expiresAtMs: undefined,
};

describe('the API keys of the configuration', () => {
  it('are the operator’s alone, with every scope, without a file', () => {
    expect(configuredApiKeys({}, OPERATOR)).toEqual([operator]);
  });

  it('are also those of the file, by their hash or as they are, with tenant, scopes and end', () => {
    const key = 'bk_shop-2_0123456789abcdefghijklmnop';
    const other = { id: 'shop-2', tenant: 'shop', scopes: ['users:read'], key, expiresAt: '2027-01-31T01:00:00+01:00' };
    expect(read([{ ...GOOD, sha256: HASH.toUpperCase() }, other])).toEqual([
      operator,
      { id: 'billing', tenant: 'acme', secretHash: HASH, scopes: ['notifications:write'], expiresAtMs: undefined },
      {
        id: 'shop-2',
        tenant: 'shop',
        secretHash: hashSecret(key),
        scopes: ['users:read'],
        expiresAtMs: Date.UTC(2027, 0, 31),
      },
    ]);
  });

  it('take what services/keys prints', () => {
    const { key, entry } = newApiKey(
      { id: 'billing', tenant: 'acme', scopes: ['dead-letters'] },
      createSeededRandom(1),
    );
    expect(key).toMatch(/^bk_billing_[\w-]{43}$/);
    expect(JSON.stringify(entry)).not.toContain(key);
    expect(read([entry])[1]).toMatchObject({ id: 'billing', tenant: 'acme', secretHash: hashSecret(key) });
  });

  it.each<[unknown, string]>([
    [SECRET, ' is not JSON'],
    [{ keys: [] }, ' must be a list of at most 1000 keys'],
    [Array.from({ length: 1_001 }, () => GOOD), ' must be a list of at most 1000 keys'],
    [[GOOD, null], ': /1 '],
    [[{ ...GOOD, id: undefined }], ': /0/id must be text'],
    [[{ ...GOOD, id: 'a b' }], ': /0/id must be 1 to 64 letters, digits and "-"'],
    [[{ ...GOOD, tenant: 'a/b' }], ': /0/tenant a tenant has no control characters and no "/"'],
    [[{ ...GOOD, scopes: [] }], ': /0/scopes must have at least one scope'],
    [[GOOD, { ...GOOD, id: 'two', scopes: ['admin', 'all'] }], ': /1/scopes/1 must be one of notifications:write, '],
    [[{ ...GOOD, sha256: SECRET }], ': /0/sha256 must be 64 hex digits'],
    [[{ ...GOOD, sha256: undefined }], ': /0/sha256 or key is needed, and not both'],
    [[{ ...GOOD, key: `bk_billing_${SECRET}` }], ': /0/sha256 or key is needed, and not both'],
    [[{ ...GOOD, sha256: undefined, key: SECRET }], ': /0/key must be bk_, the id, _ and 16 to 256 visible ASCII'],
    [[{ ...GOOD, sha256: undefined, key: `bk_other_${SECRET}` }], ': /0/key must be bk_, the id, _ and'],
    [[{ ...GOOD, sha256: undefined, key: 'bk_billing_short' }], ': /0/key must be bk_, the id, _ and'],
    [[{ ...GOOD, expiresAt: 'tomorrow' }], ': /0/expiresAt must be a time such as 2027-01-31T00:00:00Z'],
    [[{ ...GOOD, scope: 'admin' }], ': /0/scope is not known here'],
    [[GOOD, { ...GOOD, tenant: 'other' }], ': /1/id is "billing", as that of /0'],
    [[{ ...GOOD, id: 'dev' }], ': /0/id is "dev", as that of BELFRY_API_KEY'],
  ])('name the file, the entry and the field that is wrong, and no secret: %j', (content, message) => {
    expect(() => read(content)).toThrow(`BELFRY_API_KEYS: ${join(folder, 'api-keys.json')}${message}`);
    expect(() => read(content)).not.toThrow(new RegExp(SECRET));
  });

  it('name a file that is not there', () => {
    expect(() => configuredApiKeys({ BELFRY_API_KEYS: '/nope' }, OPERATOR)).toThrow(
      'BELFRY_API_KEYS: /nope cannot be read (ENOENT)',
    );
  });
});
