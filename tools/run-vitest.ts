// Usage, in a package: node ../../tools/run-vitest.ts unit|needs [--serial]. Runs one kind of its tests, its files one after another with
// --serial, and leaves the counts in .vitest/<kind>.json.
import { existsSync, globSync, mkdirSync, writeFileSync } from 'node:fs';
import { startVitest } from 'vitest/node';
import { isTestKind, TEST_KINDS } from './test-kinds.ts';

/** Generous: on a busy machine a slow test is not a wrong one. A package's own vitest.config.ts decides otherwise. */
const TIMEOUTS = { testTimeout: 30_000, hookTimeout: 60_000 };

const [, , kind, ...flags] = process.argv;
if (!isTestKind(kind) || flags.some((flag) => flag !== '--serial')) {
  console.error('usage: run-vitest.ts unit|needs [--serial]');
  process.exit(2);
}

const outputFile = `.vitest/${kind}.json`;
const include = [...TEST_KINDS[kind].include];
const exclude = [...TEST_KINDS[kind].exclude];
mkdirSync('.vitest', { recursive: true });
if (globSync(include, { exclude }).length === 0) {
  writeFileSync(outputFile, JSON.stringify({ testResults: [] }));
} else {
  const vitest = await startVitest('test', [], {
    watch: false,
    include,
    exclude,
    fileParallelism: !flags.includes('--serial'),
    reporters: ['default', ['json', { outputFile }]],
    ...(existsSync('vitest.config.ts') ? {} : TIMEOUTS),
  });
  await vitest.close();
  // A test that leaves a socket or a timer behind must not keep the run from ending.
  process.exit(process.exitCode ?? 0);
}
