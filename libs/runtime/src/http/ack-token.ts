import { createUserSeal, type SealedUser } from './user-seal.ts';

/**
 * The right to acknowledge as one user, and nothing else. An event stream gives it to its client, which has no other way up, and may have come with a ticket that is used up by then. It is sent
 * in `Authorization`, which no browser adds by itself: another site can send requests in a user's name, but not this.
 */
export type AckTokens = {
  issue(user: SealedUser): string;
  /** Whose it is. undefined when it is none, was changed, or its time is over. */
  read(credential: string, nowMs: number): SealedUser | undefined;
};

const PREFIX = 'ack_';

/** The same secret on the gateways, which issue, and on the API, which reads. */
export function createAckTokens(secret: string): AckTokens {
  const seal = createUserSeal(secret, 'belfry ack token 1');
  return {
    issue: (user) => `${PREFIX}${seal.seal(user)}`,
    read: (credential, nowMs) =>
      isAckToken(credential) ? seal.open(credential.slice(PREFIX.length), nowMs) : undefined,
  };
}

/** Whether a credential means to be one: it is then looked for nowhere else. */
export function isAckToken(credential: string): boolean {
  return /^ack_[\w-]+\.[\w-]{43}$/.test(credential);
}
