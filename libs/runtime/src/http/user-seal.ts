import { createHmac, timingSafeEqual } from 'node:crypto';

/** A user, and until when this may be believed (milliseconds since the Unix epoch). */
export type SealedUser = { readonly tenant: string; readonly user: string; readonly expiresAtMs: number };

/** A user as a text that only processes with the same secret can make, for the same purpose. Anybody can read who it is. */
export type UserSeal = {
  /** Characters of base64url and one dot. `context` is bound to it and has to be shown again. */
  seal(user: SealedUser, context?: string): string;
  /** undefined when it was not made here, for another context, changed, or its time is over. */
  open(text: string, nowMs: number, context?: string): SealedUser | undefined;
};

/** `purpose` makes a key of its own: what is sealed for one purpose never passes for another of the same secret. */
export function createUserSeal(secret: string, purpose: string): UserSeal {
  const key = createHmac('sha256', secret).update(purpose).digest();
  const sign = (context: string, payload: string): Buffer =>
    createHmac('sha256', key).update(`${context}=${payload}`).digest();

  return {
    seal({ tenant, user, expiresAtMs }, context = '') {
      const payload = Buffer.from(JSON.stringify([tenant, user, expiresAtMs])).toString('base64url');
      return `${payload}.${sign(context, payload).toString('base64url')}`;
    },
    open(text, nowMs, context = '') {
      const [payload, signature] = text.split('.');
      if (!payload || signature === undefined) return undefined;
      const given = Buffer.from(signature, 'base64url');
      const right = sign(context, payload);
      if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
      const content = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [string, string, number];
      const [tenant, user, expiresAtMs] = content;
      return expiresAtMs <= nowMs ? undefined : { tenant, user, expiresAtMs };
    },
  };
}
