import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isTestKind, TEST_KINDS } from './test-kinds.ts';

describe('the kinds of a test file', () => {
  it.each([
    ['src/route.test.ts', ['unit']],
    ['src/find-kafka.test.ts', ['unit']],
    ['page.browser.test.ts', ['needs']],
    ['src/images.docker.test.ts', ['needs']],
    ['src/log.kafka.test.ts', ['needs', 'docker']],
    ['src/store.postgres.test.ts', ['needs', 'docker']],
    ['src/hints.redis.test.ts', ['needs', 'docker']],
    ['src/cut.kafka.toxiproxy.test.ts', ['needs']],
    ['src/loss.kafka.long.test.ts', ['needs']],
    ['way.stack.test.ts', ['unit', 'processes', 'compose']],
    ['page.stack.browser.test.ts', ['needs', 'processes', 'compose']],
    ['kill.processes.test.ts', ['unit', 'processes']],
    ['races.processes.long.test.ts', ['needs', 'processes']],
    ['node_modules/x/x.kafka.test.ts', []],
    ['node_modules/x/x.stack.test.ts', []],
  ])('%s: %j', (file, expected) => {
    const kinds = Object.keys(TEST_KINDS).filter(isTestKind);
    const matches = (pattern: string) => path.matchesGlob(file, pattern);
    expect(
      kinds.filter((kind) => TEST_KINDS[kind].include.some(matches) && !TEST_KINDS[kind].exclude.some(matches)),
    ).toEqual(expected);
  });
});
