// Usage, in a package: node ../../tools/run-vitest.ts unit|needs. Runs one kind of its tests and leaves the counts in .vitest/<kind>.json.
import { existsSync, globSync, mkdirSync, writeFileSync } from 'node:fs';
import { startVitest } from 'vitest/node';

/** `x.<need>.test.ts` needs more than npm brings. */
const NEEDS = ['kafka', 'postgres', 'redis', 'browser', 'cc', 'python'];
const NEEDING = `**/*.{${NEEDS.join(',')}}.test.ts`;
const NEVER = ['**/node_modules/**', '**/dist/**', '**/data/**'];

const KINDS = {
  unit: { include: ['**/*.test.ts'], exclude: [...NEVER, NEEDING] },
  needs: { include: [NEEDING], exclude: NEVER },
};

/** Generous: on a busy machine a slow test is not a wrong one. A package's own vitest.config.ts decides otherwise. */
const TIMEOUTS = { testTimeout: 30_000, hookTimeout: 60_000 };

const kind = process.argv[2];
if (kind !== 'unit' && kind !== 'needs') {
  console.error('usage: run-vitest.ts unit|needs');
  process.exit(2);
}

const outputFile = `.vitest/${kind}.json`;
const { include, exclude } = KINDS[kind];
mkdirSync('.vitest', { recursive: true });
if (globSync(include, { exclude }).length === 0) {
  writeFileSync(outputFile, JSON.stringify({ numPassedTests: 0, testResults: [] }));
} else {
  const vitest = await startVitest('test', [], {
    watch: false,
    include,
    exclude,
    reporters: ['default', ['json', { outputFile }]],
    ...(existsSync('vitest.config.ts') ? {} : TIMEOUTS),
  });
  await vitest.close();
  // A test that leaves a socket or a timer behind must not keep the run from ending.
  process.exit(process.exitCode ?? 0);
}
