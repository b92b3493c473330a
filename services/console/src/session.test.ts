import { createFakeClock } from '@belfry/testing/fake-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { describe, expect, it } from 'vitest';
import { createSession, sessionCookieName } from './session.ts';

const random = createSeededRandom(1);

describe('a session', () => {
  it('holds until its end, and over a restart', async () => {
    const clock = createFakeClock();
    const value = createSession({ sessionSecret: 'a', clock, random }).issue();
    const restarted = createSession({ sessionSecret: 'a', clock, random });
    await clock.advance(restarted.maxAgeSeconds * 1_000 - 1);
    expect(restarted.isValid(value)).toBe(true);
    await clock.advance(1);
    expect(restarted.isValid(value)).toBe(false);
  });

  it('is worth nothing under another secret, or changed in any place', () => {
    const clock = createFakeClock();
    const session = createSession({ sessionSecret: 'a', clock, random });
    const value = session.issue();
    expect(createSession({ sessionSecret: 'b', clock, random }).isValid(value)).toBe(false);
    for (const at of value.split('').keys()) {
      // The last character of base64url carries bits that mean nothing.
      if (at === value.length - 1) continue;
      const other = value[at] === '1' ? '2' : '1';
      expect(session.isValid(`${value.slice(0, at)}${other}${value.slice(at + 1)}`)).toBe(false);
    }
    for (const nonsense of [undefined, '', 'x', '..', `${value}.`, value.slice(1)]) {
      expect(session.isValid(nonsense)).toBe(false);
    }
  });

  it('has a cookie for each port', () => {
    const names = ['localhost:8080', '127.0.0.1:8081', '[::1]:8082', 'localhost', '[::1]', 'console.example'];
    expect(names.map(sessionCookieName)).toEqual([
      'belfry_console_8080',
      'belfry_console_8081',
      'belfry_console_8082',
      'belfry_console_default',
      'belfry_console_default',
      'belfry_console_default',
    ]);
  });
});
