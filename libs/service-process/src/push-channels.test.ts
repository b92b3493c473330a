import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { afterAll, describe, expect, it } from 'vitest';
import { createFcm, type FcmOptions } from './push-channels.ts';

const folder = mkdtempSync(join(tmpdir(), 'belfry-account-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ACCOUNT = { project_id: 'shop', client_email: 'belfry@shop.example', private_key: 's3cret' };

function accountFile(content: unknown): string {
  const file = join(folder, 'account.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

async function open(options: Partial<FcmOptions>): Promise<void> {
  const none = { endpoint: undefined, project: undefined, serviceAccountFile: undefined, simulatorOrigin: undefined };
  const channel = await createFcm({ clock: createFakeClock(), ...none, ...options });
  await channel.close();
}

describe('FCM', () => {
  it('takes its project from the service account, also for another endpoint', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = privateKey.export({ format: 'pem', type: 'pkcs8' });
    const serviceAccountFile = accountFile({ ...ACCOUNT, private_key: key });
    await open({ serviceAccountFile });
    await open({ serviceAccountFile, endpoint: 'http://127.0.0.1:1' });
  });

  it('needs a project for another endpoint', async () => {
    await open({ endpoint: 'http://127.0.0.1:1', project: 'emulated' });
    await expect(open({ endpoint: 'http://127.0.0.1:1' })).rejects.toThrow(/^BELFRY_FCM_PROJECT is required/);
  });

  it.each([
    ['s3cret', /account\.json is not JSON$/],
    [null, /has no project_id; is it a service account\?$/],
    [{ ...ACCOUNT, client_email: undefined }, /has no client_email/],
    [{ ...ACCOUNT, private_key: 7 }, /has no private_key/],
  ])('says what is wrong with a service account, and nothing of what is in it: %j', async (content, message) => {
    for (const project of [undefined, 'shop']) {
      const opening = open({ serviceAccountFile: accountFile(content), project });
      await expect(opening).rejects.toThrow(message);
      await expect(opening).rejects.toThrow(/^GOOGLE_APPLICATION_CREDENTIALS: /);
      await expect(opening).rejects.not.toThrow(/s3cret/);
    }
  });
});
