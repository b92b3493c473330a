import { readConfig } from '@belfry/runtime';
import { describe, expect, it } from 'vitest';
import { CONFIG } from './config.ts';

describe('configuration', () => {
  const STORE = { POSTGRES_URL: 'postgres://127.0.0.1/belfry' };

  it('needs no more than the address of the store', () => {
    const result = readConfig(CONFIG, STORE);
    expect(result).toMatchObject({
      ok: true,
      value: { PORT: 8081, BELFRY_HOST: '127.0.0.1', BELFRY_ALLOWED_ORIGINS: [] },
    });
  });

  it.each([
    ['PORT', 'eighty'],
    ['BELFRY_RATE_PER_SECOND', '0'],
    ['BELFRY_RATE_BURST', '-1'],
    ['BELFRY_JWT_SECRET', 'too short'],
  ])('names %s when it is wrong, and never a secret', (variable, text) => {
    const result = readConfig(CONFIG, { ...STORE, [variable]: text });
    expect(result).toMatchObject({ ok: false, problems: [{ variable }] });
    if (variable === 'BELFRY_JWT_SECRET') {
      expect(JSON.stringify(result)).not.toContain(text);
    }
  });
});
