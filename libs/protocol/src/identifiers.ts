import { z } from 'zod';
import { LIMITS } from './limits.ts';

/**
 * No `/`, which separates the parts of record keys; no control characters, which PostgreSQL refuses in part; no halves of surrogate pairs, which become another
 * character on the way through UTF-8, so that a key would no longer be the one that was written.
 */
const NAME = /^[^\p{Cc}\p{Cs}/]+$/u;

const name = (what: string, max: number) =>
  z.string().min(1).max(max).regex(NAME, `${what} has no control characters and no "/"`);

export const userIdSchema = name('a user', LIMITS.userLength).describe('The recipient, as the producer names users');
export const topicSchema = name('a topic', LIMITS.topicLength).describe('A named list of subscribers');
export const notificationIdSchema = name('an id', LIMITS.idLength).describe('Unique per tenant; a UUIDv7 when omitted');
export const tenantSchema = name('a tenant', 64);
