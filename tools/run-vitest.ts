// Usage, in a package: node ../../tools/run-vitest.ts <kind> [--serial] [--kind=<kind>]. Runs one kind of its tests (tools/test-kinds.ts), its files one
// after another with --serial, and leaves the counts in .vitest/<kind>.json. --kind counts more than the kind that was named before.
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';
import { type DiedFile, diedFiles } from './died-files.ts';
import { isTestKind, TEST_KINDS } from './test-kinds.ts';
import type { TestReport } from './test-report.ts';

/** Generous: on a busy machine a slow test is not a wrong one. A package's own vitest.config.ts decides otherwise. */
const TIMEOUTS = { testTimeout: 30_000, hookTimeout: 60_000 };

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { serial: { type: 'boolean', default: false }, kind: { type: 'string' } },
});
const kind = values.kind ?? positionals[0];
if (!isTestKind(kind) || positionals.length > 1) {
  console.error(`usage: run-vitest.ts ${Object.keys(TEST_KINDS).join('|')} [--serial] [--kind=<kind>]`);
  process.exit(2);
}

// Each thread that strips types loads the same WebAssembly, and now and then V8 ends a process in which many do ("Check failed: jit_page.has_value()", as in
// nodejs/node#64500). From this cache, which is that of the services, types come stripped.
process.env.NODE_COMPILE_CACHE ??= path.join(tmpdir(), 'node-compile-cache');

const outputFile = `.vitest/${kind}.json`;
const include = [...TEST_KINDS[kind].include];
const exclude = [...TEST_KINDS[kind].exclude];
mkdirSync('.vitest', { recursive: true });
if (globSync(include, { exclude }).length === 0) {
  writeFileSync(outputFile, JSON.stringify({ testResults: [] }));
} else {
  const died = await run([], outputFile);
  // A fault in native code, rarer than once in thousands of runs, must not hide what the file has to say: once more, and loudly. A second death counts.
  if (died.length > 0) await runAgain(died);
  // A test that leaves a socket or a timer behind must not keep the run from ending.
  process.exit(process.exitCode ?? 0);
}

/** Resolves with the files whose process died, where nothing else went wrong outside of the tests. */
async function run(files: readonly string[], report: string): Promise<readonly DiedFile[]> {
  const vitest = await startVitest('test', [...files], {
    watch: false,
    include,
    exclude,
    fileParallelism: !values.serial,
    reporters: ['default', ['json', { outputFile: report }]],
    ...(existsSync('vitest.config.ts') ? {} : TIMEOUTS),
  });
  const errors = vitest.state.getUnhandledErrors();
  await vitest.close();
  const died = diedFiles(errors);
  return died.length === errors.length ? died : [];
}

async function runAgain(died: readonly DiedFile[]): Promise<void> {
  const files = died.map(({ file }) => file);
  for (const { file, how } of died) console.log(`\nran again, as its process ended ${how}: ${file}`);
  const first = read(outputFile);
  const others = first.testResults.filter(({ name }) => !files.includes(name));
  process.exitCode = others.some(({ status }) => status === 'failed') ? 1 : 0;
  const secondReport = `.vitest/${kind}-again.json`;
  if ((await run(files, secondReport)).length > 0) process.exitCode = 1;
  writeFileSync(outputFile, JSON.stringify({ died, testResults: [...others, ...read(secondReport).testResults] }));
}

function read(file: string): TestReport {
  return JSON.parse(readFileSync(file, 'utf8')) as TestReport;
}
