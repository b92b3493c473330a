import { readFileSync } from 'node:fs';
import { CLOSE_CODES, mayReconnect } from '@belfry/protocol/close-codes';
import { LIMITS } from '@belfry/protocol/limits';
import { expect, it } from 'vitest';
import { DEFAULT_GATEWAY_LIMITS } from './gateway-limits.ts';

const PAGE_TEXT = readFileSync(new URL('../../../docs/realtime.md', import.meta.url), 'utf8');
/** Lines end where they are long enough. */
const SENTENCES = PAGE_TEXT.replaceAll(/\s+/g, ' ');

const {
  inboundBurst,
  inboundPerMinute,
  frameBytes,
  heartbeatMs,
  heartbeatJitter,
  pongDeadlineMs,
  sseHeartbeatMs,
  sseRetryMs,
  authenticationTimeoutMs,
  queueBytes,
  stallMs,
  ticketSessionMs,
} = DEFAULT_GATEWAY_LIMITS;

const count = (value: number): string => value.toLocaleString('en');
const seconds = (ms: number): string => `${ms / 1_000} s`;

it.each(Object.values(CLOSE_CODES))('docs/realtime.md says what close code $code means', ({ code, reason }) => {
  const row = PAGE_TEXT.split('\n').find((line) => line.startsWith(`| ${code} |`));
  expect(row).toContain(`\`${reason}\``);
  expect(
    row
      ?.split('|')[3]
      ?.trim()
      .startsWith(mayReconnect(code) ? 'yes' : 'no'),
  ).toBe(true);
});

it.each([
  `Text frames of at most ${frameBytes / 1_024} KiB and at most ${count(LIMITS.ackIds)} ids; ${count(inboundBurst)} frames (pings counted) at once and ${count(inboundPerMinute)} a minute after that.`,
  `ping every ${seconds(heartbeatMs)} ± ${heartbeatJitter * 100} %, pong within ${seconds(pongDeadlineMs)} | a comment line every ${seconds(sseHeartbeatMs)}`,
  `yes, within ${seconds(authenticationTimeoutMs)} of connecting`,
  `a frame of more than ${frameBytes / 1_024} KiB was sent`,
  `a ping was not answered within ${seconds(pongDeadlineMs)}`,
  `more than ${queueBytes / 2 ** 20} MiB was waiting, or nothing was read for ${seconds(stallMs)}`,
  `no \`authenticate\` within ${seconds(authenticationTimeoutMs)}`,
  `retry: ${sseRetryMs}`,
  `"user": "alice", "heartbeatMs": ${heartbeatMs}`,
  `"user":"alice","heartbeatMs":${sseHeartbeatMs}`,
])('docs/realtime.md has the limit that the gateway keeps to: %s', (sentence) => {
  expect(SENTENCES).toContain(sentence);
});

it('docs/realtime.md says how long a ticket’s connection and its cookie last', () => {
  expect(ticketSessionMs).toBe(60 * 60 * 1_000);
  expect(SENTENCES).toContain('one made with a ticket after an hour');
  expect(SENTENCES).toContain('at `/v1/events` only, for an hour');
});
