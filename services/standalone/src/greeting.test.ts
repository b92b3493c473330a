import { expect, it } from 'vitest';
import type { DataFolder } from './data-folder.ts';
import { createGreeting } from './greeting.ts';

async function greet(webPushSubject: string): Promise<string> {
  let printed = '';
  const data = { directory: '/data', apiKeyFile: '/data/api-key' } as DataFolder;
  const print = (text: string) => {
    printed += text;
  };
  await createGreeting({ standalone: { data, url: () => 'http://localhost:1' }, webPushSubject, print }).start();
  return printed;
}

it('says where everything is', async () => {
  expect(await greet('mailto:ops@shop.de')).toBe(
    [
      'Belfry is up.',
      '  console   http://localhost:1',
      '  API       http://localhost:1/v1   documents http://localhost:1/docs',
      '  API key   /data/api-key',
      '  data      /data',
      '',
    ].join('\n'),
  );
});

it('says that Web Push needs an address of the operator, as the one it comes with is nobody’s', async () => {
  expect(await greet('mailto:operator@belfry.invalid')).toMatch(
    /^ {2}Web Push {2}set BELFRY_WEBPUSH_SUBJECT to your own address\. mailto:operator@belfry\.invalid is nobody's/m,
  );
});
