// Usage: node tools/run-tests.ts [unit|needs]. Every test of the repository, or one kind; the last line of output sums them up.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { readWorkspace } from './read-workspace.ts';
import { countTests, type TestReport } from './test-report.ts';

type Kind = 'unit' | 'needs';

const ROOT = path.resolve(import.meta.dirname, '..');
const TARGETS: Readonly<Record<Kind, string>> = { unit: 'test', needs: 'test:needs' };
/** They start whole processes and would be slowed down by, and slow down, everything that runs beside them. */
const ALONE = ['@belfry/e2e', '@belfry/bench'];

const asked = process.argv[2];
if (asked !== undefined && asked !== 'unit' && asked !== 'needs') {
  console.error('usage: run-tests.ts [unit|needs]');
  process.exit(2);
}
const kinds: readonly Kind[] = asked === undefined ? ['unit', 'needs'] : [asked];

const folders = ['tools', ...[...readWorkspace(ROOT).workspace.packages.values()].map((one) => one.folder)];
const reportOf = (folder: string, kind: Kind) => path.join(ROOT, folder, '.vitest', `${kind}.json`);
for (const folder of folders) for (const kind of kinds) rmSync(reportOf(folder, kind), { force: true });

let allPassed = true;
for (const kind of kinds) {
  if (kind === 'unit') await step('tools', ['tools/run-vitest.ts', 'unit'], path.join(ROOT, 'tools'));
  const rest = kind === 'unit' ? ['--parallel=2'] : ['--parallel=1'];
  await step(`${kind} tests`, nx(kind, [`--exclude=${ALONE.join(',')}`, ...rest]));
  await step(`${kind} tests of whole processes`, nx(kind, [`--projects=${ALONE.join(',')}`, '--parallel=1']));
}
process.exitCode = summarize() ? 0 : 1;

function nx(kind: Kind, args: readonly string[]): readonly string[] {
  return ['node_modules/nx/dist/bin/nx.js', 'run-many', `--target=${TARGETS[kind]}`, '--output-style=static', ...args];
}

async function step(title: string, [script = '', ...args]: readonly string[], cwd = ROOT): Promise<void> {
  console.log(`\n▶ ${title}`);
  const child = spawn(process.execPath, [path.join(ROOT, script), ...args], {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', NX_NO_CLOUD: 'true', FORCE_COLOR: '0' },
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) allPassed = false;
}

/**
 * Prints what was skipped, what failed, and the counts, which stay alone on the last line. They include what an earlier run of the other kind left, so
 * that two runs end with one sum.
 */
function summarize(): boolean {
  const reports: TestReport[] = [];
  const missing: string[] = [];
  for (const folder of folders) {
    for (const kind of ['unit', 'needs'] as const) {
      const file = reportOf(folder, kind);
      if (existsSync(file)) reports.push(JSON.parse(readFileSync(file, 'utf8')) as TestReport);
      else if (kinds.includes(kind) && !(folder === 'tools' && kind === 'needs')) missing.push(`${folder} (${kind})`);
    }
  }
  const { passed, failed, skipped } = countTests(reports);
  const failures = [...failed, ...missing.map((name) => `${name} left no report`)];
  // A run that ends badly although every test passed (an error outside of any test) is a failure too.
  if (!allPassed && failures.length === 0) failures.push('an error outside of any test; see above');
  console.log('');
  for (const name of skipped) console.log(`skipped: ${name}`);
  for (const name of failures) console.log(`failed: ${name}`);
  console.log(`${passed} passed, ${failures.length} failed, ${skipped.length} skipped`);
  return failures.length === 0 && passed > 0;
}
