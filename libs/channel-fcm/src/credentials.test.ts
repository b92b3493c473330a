import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createCredentialOpener } from './credentials.ts';

const directory = mkdtempSync(join(tmpdir(), 'belfry-credentials-'));
afterAll(() => rmSync(directory, { recursive: true }));

function writeAccount(name: string, email: string): string {
  const file = join(directory, name);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const account = {
    type: 'service_account',
    project_id: 'demo',
    client_email: email,
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
  writeFileSync(file, JSON.stringify(account));
  return file;
}

describe('createCredentialOpener', () => {
  it('opens another credential each time, so that a renewal does not meet the token that was refused', () => {
    const open = createCredentialOpener(writeAccount('account.json', 'belfry@demo.example'));
    const [first, second] = [open(), open()];
    expect(first).toMatchObject({ projectId: 'demo', clientEmail: 'belfry@demo.example' });
    expect(second).not.toBe(first);
  });

  it('reads the file again, so that a replaced key takes effect without a restart', () => {
    const file = writeAccount('replaced.json', 'old@demo.example');
    const open = createCredentialOpener(file);
    open();
    writeAccount('replaced.json', 'new@demo.example');
    expect(open()).toMatchObject({ clientEmail: 'new@demo.example' });
  });

  it('throws when the file is missing or is no service account', () => {
    expect(createCredentialOpener(join(directory, 'none.json'))).toThrow(/ENOENT/);
    writeFileSync(join(directory, 'empty.json'), '{}');
    expect(createCredentialOpener(join(directory, 'empty.json'))).toThrow(/project_id/);
  });
});
