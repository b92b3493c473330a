import { readFileSync } from 'node:fs';
import { CLOSE_CODES, mayReconnect } from '@belfry/protocol/close-codes';
import { expect, it } from 'vitest';

const PAGE_TEXT = readFileSync(new URL('../../../docs/realtime.md', import.meta.url), 'utf8');

it.each(Object.values(CLOSE_CODES))('docs/realtime.md says what close code $code means', ({ code, reason }) => {
  const row = PAGE_TEXT.split('\n').find((line) => line.startsWith(`| ${code} |`));
  expect(row).toContain(`\`${reason}\``);
  expect(
    row
      ?.split('|')[3]
      ?.trim()
      .startsWith(mayReconnect(code) ? 'yes' : 'no'),
  ).toBe(true);
});
