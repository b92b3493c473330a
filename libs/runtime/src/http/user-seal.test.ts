import { describe, expect, it } from 'vitest';
import { createAckTokens, isAckToken } from './ack-token.ts';
import { createUserSeal } from './user-seal.ts';

const ALICE = { tenant: 'acme', user: 'alice', expiresAtMs: 1_000 };

describe('a sealed user', () => {
  const seal = createUserSeal('secret', 'purpose');

  it('is who was sealed, until the end', () => {
    const text = seal.seal(ALICE, 'context');
    expect(text).toMatch(/^[\w-]+\.[\w-]{43}$/);
    expect(seal.open(text, 999, 'context')).toEqual(ALICE);
    expect(seal.open(text, 1_000, 'context')).toBeUndefined();
  });

  it('is nobody under another secret, purpose or context', () => {
    const text = seal.seal(ALICE, 'context');
    expect(createUserSeal('other', 'purpose').open(text, 0, 'context')).toBeUndefined();
    expect(createUserSeal('secret', 'other').open(text, 0, 'context')).toBeUndefined();
    expect(seal.open(text, 0, 'other')).toBeUndefined();
    expect(seal.open(text, 0)).toBeUndefined();
  });

  it('is nobody when it was changed in any place, or is nonsense', () => {
    const text = seal.seal(ALICE);
    for (const at of text.split('').keys()) {
      // The last character of base64url carries bits that mean nothing.
      if (at === text.length - 1) continue;
      const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
      expect(seal.open(changed, 0)).toBeUndefined();
    }
    const [payload = ''] = text.split('.');
    for (const nonsense of ['', '.', 'x', `${payload}.`, payload, `.${text.split('.')[1]}`, text.slice(1)]) {
      expect(seal.open(nonsense, 0)).toBeUndefined();
    }
  });
});

describe('an ack token', () => {
  const tokens = createAckTokens('secret');

  it('says whose it is to who has the same secret, until its end', () => {
    const token = tokens.issue(ALICE);
    expect(isAckToken(token)).toBe(true);
    expect(createAckTokens('secret').read(token, 0)).toEqual(ALICE);
    expect(tokens.read(token, 1_000)).toBeUndefined();
    expect(createAckTokens('other').read(token, 0)).toBeUndefined();
  });

  it('is nothing else that is signed with this secret', () => {
    const cookie = createUserSeal('secret', 'belfry sse ticket cookie 1').seal(ALICE);
    expect(tokens.read(`ack_${cookie}`, 0)).toBeUndefined();
    expect(tokens.read(tokens.issue(ALICE).slice('ack_'.length), 0)).toBeUndefined();
    expect(['bk_dev_0123456789abcdef', 'a.b.c', 'ack_', 'ack_key', 'ack_a.b'].some(isAckToken)).toBe(false);
  });
});
