// Usage: npm run soak -- [part…] [--size n…]. The long forms of the durability tests, one after the other; --help lists the parts and their sizes. Keeps the
// figures in bench/results/soak.json, where a part that is not run keeps those it had. Exits 1 when a promise was broken, 2 when the arguments are wrong.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { SOAK_PART_NAMES, type SoakPartName } from './harness/soak-part-names.ts';
import { SOAK_PARTS, type SoakResult } from './harness/soak-parts.ts';
import { describeSizes, parseSoakArguments, sizesOf } from './harness/soak-sizes.ts';

const REPORT = fileURLToPath(new URL('../bench/results/soak.json', import.meta.url));

const asked = parseSoakArguments(process.argv.slice(2));
if (asked.kind !== 'run') {
  if (asked.kind === 'refused') console.error(`soak: ${asked.detail}`);
  const parts = SOAK_PART_NAMES.flatMap((name) => [`${name}: ${SOAK_PARTS[name].what}`, ...describeSizes(name)]);
  console.log(['usage: npm run soak -- [part…] [--size n…]', ...parts].join('\n'));
  process.exit(asked.kind === 'help' ? 0 : 2);
}

const summary: string[] = [];
for (const name of asked.parts) {
  console.log(`\n== ${name}: ${SOAK_PARTS[name].what}`);
  const startedMs = performance.now();
  // A part that does not come to its end must neither hide what the others find nor pass.
  const result = await SOAK_PARTS[name]
    .run(asked.sizes)
    .catch((error: unknown): SoakResult => ({ broken: [`did not finish: ${String(error)}`], figures: null }));
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  keep(name, {
    date: new Date().toISOString(),
    node: process.version,
    cpu: `${cpus().length} × ${cpus()[0]?.model}`,
    sizes: sizesOf(name, asked.sizes),
    seconds,
    ...result,
  });
  summary.push(`${result.broken.length === 0 ? 'kept  ' : 'BROKEN'} ${name} (${seconds} s)`);
  summary.push(...result.broken.map((promise) => `       ${promise}`));
  if (result.broken.length > 0) process.exitCode = 1;
}
console.log(['', ...summary, `figures: ${REPORT}`].join('\n'));

/** After each part, so that a run that is interrupted has not run for nothing. */
function keep(name: SoakPartName, report: object): void {
  const kept: Record<string, object> = existsSync(REPORT) ? JSON.parse(readFileSync(REPORT, 'utf8')) : {};
  writeFileSync(REPORT, `${JSON.stringify({ ...kept, [name]: report }, undefined, 2)}\n`);
}
