import { createHmac } from 'node:crypto';
import { TEST_JWT_SECRET } from './launch-belfry.ts';

/** A JWT as an upstream's login would make it: HS256, `sub` is the user. */
export function userToken(user: string, claims: Readonly<Record<string, unknown>> = {}): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  const unsigned = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: user, exp, ...claims })}`;
  return `${unsigned}.${createHmac('sha256', TEST_JWT_SECRET).update(unsigned).digest('base64url')}`;
}
