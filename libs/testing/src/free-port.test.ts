import { describe, expect, it } from 'vitest';
import { freePort } from './free-port.ts';

describe('a free port', () => {
  it('is another one for everybody who asks', async () => {
    const ports = await Promise.all(Array.from({ length: 2_000 }, () => freePort()));
    expect(new Set(ports).size).toBe(ports.length);
  });
});
