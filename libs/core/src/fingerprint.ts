import { createHash } from 'node:crypto';
import type { PushChannel } from './notification.ts';

/** Groups dead letters that died of the same cause: 12 hex digits over channel, last outcome, provider code and reason. */
export function fingerprint(channel: PushChannel, outcome: string, code: string, reason: string): string {
  return createHash('sha256')
    .update(JSON.stringify([channel, outcome, code, reason]))
    .digest('hex')
    .slice(0, 12);
}
