import { describe, expect, it } from 'vitest';
import { validateFcmDevice } from './device.ts';

describe('validateFcmDevice', () => {
  it.each(['a', 'dGhpcyBpcyBh:APA91bF-x_y', 'x'.repeat(4096)])('takes %.40s', (token) => {
    expect(validateFcmDevice({ channel: 'fcm', token })).toEqual({
      ok: true,
      address: { channel: 'fcm', address: { token } },
    });
  });

  it.each([
    { input: undefined, detail: 'string' },
    { input: null, detail: 'string' },
    { input: {}, detail: 'string' },
    { input: { token: 5 }, detail: 'string' },
    { input: { token: '' }, detail: '1 to 4096' },
    { input: { token: 'x'.repeat(4097) }, detail: '4097' },
    { input: { token: 'a b' }, detail: 'without spaces' },
    { input: { token: 'a\n' }, detail: 'visible ASCII' },
    { input: { token: 'ä' }, detail: 'visible ASCII' },
  ])('refuses $input.token, naming field and limit', ({ input, detail }) => {
    expect(validateFcmDevice(input)).toEqual({ ok: false, field: '/token', detail: expect.stringContaining(detail) });
  });
});
