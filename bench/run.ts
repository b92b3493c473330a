import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CANNOT_RUN } from './needed.ts';

/**
 * Runs the benches one after the other, keeps each report as results/<name>.json and prints a table of what they came to. Exits with 1 when one failed or
 * did not reach what is promised; its former report is kept then. One that needs a server which this machine cannot start (Kafka, PostgreSQL, Redis) says so and is left out.
 *
 *   npm run bench [-- <name> …]
 */
type Bench = {
  readonly name: string;
  /** The script without its extension; by default the name. */
  readonly script?: string;
  /** The arguments of each run; one run without any when omitted. */
  readonly runs?: readonly (readonly string[])[];
  /** Of each run; 5 minutes when omitted. */
  readonly limitMs?: number;
};

/** What a bench prints: the environment, its figures, those of them that make it into the table, and which promises were not kept. */
type Report = { readonly summary: Readonly<Record<string, number>>; readonly broken?: readonly string[] };

const BENCHES: readonly Bench[] = [
  { name: 'accept' },
  { name: 'latency' },
  { name: 'broadcast' },
  { name: 'webpush-send' },
  { name: 'fcm-send', runs: [[], ['--sends', '8000', '--in-flight', '500', '--delay-ms', '50']] },
  { name: 'log-embedded' },
  { name: 'backplane' },
  { name: 'store' },
  { name: 'kafka-idle' },
  {
    name: 'latency-kafka',
    script: 'latency',
    runs: [
      ['--stack', 'processes'],
      ['--stack', 'processes', '--backplane', 'kafka'],
    ],
    limitMs: 10 * 60_000,
  },
  { name: 'kafka-worker', limitMs: 15 * 60_000 },
  // Five minutes of a hanging key, as promised: one with as little to do as the others, and one with a backlog of its own that is beyond every buffer.
  { name: 'kafka-slow-key', runs: [[], ['--rate', '240', '--hot', '10']], limitMs: 8 * 60_000 },
];
const RUN_LIMIT_MS = 5 * 60_000;
const TOTAL_LIMIT_MS = 75 * 60_000;

class CannotRunError extends Error {}

const root = path.join(import.meta.dirname, '..');
const results = path.join(import.meta.dirname, 'results');
const { positionals } = parseArgs({ allowPositionals: true });
const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(`there is no bench ${unknown.join(', ')}; there are ${BENCHES.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

let current: ChildProcess | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    endGroup(current);
    process.exit(1);
  });
}

const endMs = performance.now() + TOTAL_LIMIT_MS;
const rows: (readonly [string, string, string])[] = [];
for (const bench of BENCHES.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  const reports: Report[] = [];
  try {
    for (const args of bench.runs ?? [[]]) {
      console.error(['…', bench.name, ...args].join(' '));
      const report = await run(bench.script ?? bench.name, args, bench.limitMs ?? RUN_LIMIT_MS);
      reports.push(report);
      const label = [bench.name, ...args].join(' ');
      for (const [measure, figure] of Object.entries(report.summary)) rows.push([label, measure, figure.toString()]);
      if (report.broken !== undefined && report.broken.length > 0) throw new Error(report.broken.join('; '));
    }
    keep(bench.name, reports);
  } catch (error) {
    if (error instanceof CannotRunError) {
      rows.push([bench.name, 'NOT RUN', error.message]);
      continue;
    }
    process.exitCode = 1;
    rows.push([bench.name, 'FAILED', error instanceof Error ? error.message : String(error)]);
  }
}
printTable(rows);

async function run(script: string, args: readonly string[], ownLimitMs: number): Promise<Report> {
  const limitMs = Math.min(ownLimitMs, endMs - performance.now());
  if (limitMs <= 0) throw new Error(`not run: the ${TOTAL_LIMIT_MS / 60_000} minutes of all are over`);
  // A group of its own: what the bench has started must end with it.
  const child = spawn(process.execPath, [path.join('bench', `${script}.ts`), ...args], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  current = child;
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    process.stderr.write(chunk);
    complaint += chunk.toString();
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    endGroup(child);
  }, limitMs);
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  current = undefined;
  if (isLate) throw new Error(`not done within ${Math.round(limitMs / 1_000)} s`);
  if (code === CANNOT_RUN) throw new CannotRunError(complaint.trim().split('\n').at(-1));
  const report = parseReport(output);
  if (report === undefined || (code !== 0 && report.broken === undefined)) throw new Error(`ended with ${code}`);
  return report;
}

function parseReport(output: string): Report | undefined {
  try {
    return JSON.parse(output) as Report;
  } catch {
    return undefined;
  }
}

function endGroup(child: ChildProcess | undefined): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGTERM');
  } catch {
    // It has ended by itself meanwhile.
  }
}

function keep(name: string, runs: readonly Report[]): void {
  mkdirSync(results, { recursive: true });
  const file = path.join(results, `${name}.json`);
  writeFileSync(file, `${JSON.stringify({ runs }, null, 2)}\n`);
  // Reports are committed, and the formatter's check does not spare them.
  spawnSync(path.join(root, 'node_modules/.bin/biome'), ['format', '--write', file], { cwd: root });
}

function printTable(table: readonly (readonly [string, string, string])[]): void {
  const width = (column: 0 | 1): number => Math.max(0, ...table.map((row) => row[column].length));
  for (const [bench, measure, figure] of table) {
    console.log(`${bench.padEnd(width(0))}  ${measure.padEnd(width(1))}  ${figure}`);
  }
}
