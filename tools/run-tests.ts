// Usage: node tools/run-tests.ts [unit|needs|docker|processes|compose] [--add]. Every test of the repository once, or one kind; the last line of output
// sums them up. With --add the sum includes what earlier runs of other kinds left.
import { spawn } from 'node:child_process';
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { readWorkspace } from './read-workspace.ts';
import { DEFAULT_KINDS, isTestKind, TEST_KINDS, type TestKind } from './test-kinds.ts';
import { countTests, type TestReport } from './test-report.ts';

type Project = { readonly name: string; readonly folder: string };

const ROOT = path.resolve(import.meta.dirname, '..');
const TOOLS: Project = { name: 'tools', folder: 'tools' };
/** They start whole processes and would be slowed down by, and slow down, everything that runs beside them. */
const ALONE = ['@belfry/e2e', '@belfry/bench'];
const ALL_KINDS = Object.keys(TEST_KINDS).filter(isTestKind);

const args = process.argv.slice(2);
const add = args.includes('--add');
const [asked, ...unknown] = args.filter((arg) => arg !== '--add');
if ((asked !== undefined && !isTestKind(asked)) || unknown.length > 0) {
  console.error(`usage: run-tests.ts [${ALL_KINDS.join('|')}] [--add]`);
  process.exit(2);
}
const kinds = asked === undefined ? DEFAULT_KINDS : [asked];
const projects: readonly Project[] = [TOOLS, ...readWorkspace(ROOT).workspace.packages.values()];

for (const project of projects) {
  for (const kind of add ? kinds : ALL_KINDS) rmSync(reportOf(project, kind), { force: true });
}

let allPassed = true;
for (const kind of kinds) {
  const tested = projects.filter((project) => hasTests(project, kind));
  if (tested.includes(TOOLS)) await step(kind, 'tests of the tools', 'tools/run-vitest.ts', [kind], 'tools');
  const packages = tested.filter((project) => project !== TOOLS).map((project) => project.name);
  const { true: alone = [], false: together = [] } = Object.groupBy(packages, (name) => `${ALONE.includes(name)}`);
  // Suites that need a browser or a broker share it and the machine: one at a time.
  await nx(kind, together, kind === 'unit' ? 2 : 1);
  await nx(kind, alone, 1);
}
process.exitCode = summarize() ? 0 : 1;

function hasTests({ folder }: Project, kind: TestKind): boolean {
  const { include, exclude } = TEST_KINDS[kind];
  return globSync([...include], { cwd: path.join(ROOT, folder), exclude: [...exclude] }).length > 0;
}

function reportOf({ folder }: Project, kind: TestKind): string {
  return path.join(ROOT, folder, '.vitest', `${kind}.json`);
}

async function nx(kind: TestKind, names: readonly string[], parallel: number): Promise<void> {
  if (names.length === 0) return;
  const options = [`--target=${TEST_KINDS[kind].target}`, `--projects=${names.join(',')}`, `--parallel=${parallel}`];
  const title = `${kind} tests of ${names.length} packages`;
  // Several kinds have one script; it takes the flag for the others.
  const flags = kind === 'unit' || kind === 'needs' ? [] : [`--kind=${kind}`];
  await step(kind, title, 'node_modules/nx/dist/bin/nx.js', [
    'run-many',
    ...options,
    '--output-style=static',
    ...flags,
  ]);
}

async function step(
  kind: TestKind,
  title: string,
  script: string,
  args: readonly string[],
  folder = '.',
): Promise<void> {
  console.log(`\n▶ ${title}`);
  const started = performance.now();
  const child = spawn(process.execPath, [path.join(ROOT, script), ...args], {
    cwd: path.join(ROOT, folder),
    stdio: 'inherit',
    env: {
      ...process.env,
      NX_DAEMON: 'false',
      NX_TUI: 'false',
      NX_NO_CLOUD: 'true',
      FORCE_COLOR: '0',
      // Servers that suites share live until this process ends.
      BELFRY_TEST_RUN: `${process.pid}`,
      ...TEST_KINDS[kind].env,
    },
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) allPassed = false;
  console.log(`▶ ${title}: ${Math.round((performance.now() - started) / 1000)} s`);
}

/** Prints what was skipped, what failed, and the counts, which stay alone on the last line. */
function summarize(): boolean {
  const reports: TestReport[] = [];
  const failures: string[] = [];
  for (const project of projects) {
    for (const kind of add ? ALL_KINDS : kinds) {
      const file = reportOf(project, kind);
      if (existsSync(file)) reports.push(JSON.parse(readFileSync(file, 'utf8')) as TestReport);
      else if (kinds.includes(kind) && hasTests(project, kind)) {
        failures.push(`${project.folder} left no report of its ${kind} tests`);
      }
    }
  }
  const { passed, failed, skipped, triedAgain } = countTests(reports);
  failures.push(...failed);
  // A run that ends badly although every test passed (an error outside of any test) is a failure too.
  if (!allPassed && failures.length === 0) failures.push('an error outside of any test; see above');
  if (passed + skipped.length === 0) failures.push('there were no tests');
  console.log('');
  for (const { file, how } of reports.flatMap((report) => report.died ?? []))
    console.log(`ran again: ${file} (${how})`);
  for (const name of triedAgain) console.log(`passed on a later try: ${name}`);
  for (const name of skipped) console.log(`skipped: ${name}`);
  for (const name of failures) console.log(`failed: ${name}`);
  console.log(`${passed} passed, ${failures.length} failed, ${skipped.length} skipped`);
  return failures.length === 0;
}
