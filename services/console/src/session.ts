import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@belfry/core/clock';
import type { Random } from '@belfry/core/random';

/**
 * A session says no more than "this browser has loaded the page from here". It is a signed text and not a row, so that an open page outlives a restart.
 */
export type Session = {
  issue(): string;
  isValid(value: string | undefined): boolean;
  readonly maxAgeSeconds: number;
};

export type SessionOptions = { readonly sessionSecret: string; readonly clock: Clock; readonly random: Random };

/** Renewed by every load of the page. */
const MAX_AGE_SECONDS = 7 * 24 * 60 * 60;

export function createSession({ sessionSecret, clock, random }: SessionOptions): Session {
  // The secret signs other cookies, too; the prefix keeps one of theirs from being taken for one of these.
  const sign = (content: string): Buffer =>
    createHmac('sha256', sessionSecret).update(`console-session:${content}`).digest();

  return {
    maxAgeSeconds: MAX_AGE_SECONDS,
    issue() {
      const untilMs = clock.nowMs() + MAX_AGE_SECONDS * 1_000;
      const content = `${untilMs}.${Buffer.from(random.bytes(12)).toString('base64url')}`;
      return `${content}.${sign(content).toString('base64url')}`;
    },
    isValid(value) {
      const [, content, untilMs, signature] = /^((\d{1,16})\.[\w-]{16})\.([\w-]{43})$/.exec(value ?? '') ?? [];
      if (content === undefined || signature === undefined) return false;
      if (Number(untilMs) <= clock.nowMs()) return false;
      return timingSafeEqual(Buffer.from(signature, 'base64url'), sign(content));
    },
  };
}

/** Cookies do not tell ports apart, so two Belfrys on one machine would otherwise sign each other out. */
export function sessionCookieName(host: string): string {
  return `belfry_console_${/:(\d+)$/.exec(host)?.[1] ?? 'default'}`;
}
