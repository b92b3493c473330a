import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';

/** What a suite may need besides npm; the suffix of its file (`x.browser.test.ts`) says which. `long` is time: more than `npm test` may take. */
export type Need =
  | 'kafka'
  | 'postgres'
  | 'redis'
  | 'docker'
  | 'toxiproxy'
  | 'kcat'
  | 'browser'
  | 'cc'
  | 'python'
  | 'curl'
  | 'long';

export type Found<T> =
  | { readonly ok: true; readonly value: T }
  /** `reason` says what was looked for and not found; the run prints it. */
  | { readonly ok: false; readonly reason: string };

/**
 * A suite that needs something. Where that is missing, one skipped test takes its place and says why; where `BELFRY_REQUIRE` (names separated by
 * commas) asks for it, that test fails instead.
 */
export function describeNeeding<T>(need: Need, found: Found<T>, title: string, suite: (value: T) => void): void {
  describe(title, () => {
    if (found.ok) return suite(found.value);
    const missing = `needs ${need}: ${found.reason}`;
    if (!isRequired(need)) return it.skip(missing);
    it(missing, () => {
      throw new Error(`BELFRY_REQUIRE asks for ${need}, but ${found.reason}`);
    });
  });
}

function isRequired(need: Need): boolean {
  return (process.env.BELFRY_REQUIRE ?? '').split(',').some((name) => name.trim() === need);
}

/** The minutes that a suite takes: there when `BELFRY_REQUIRE` asks for `long`. */
export function findTime(minutes: number): Found<number> {
  if (isRequired('long')) return { ok: true, value: minutes };
  return { ok: false, reason: `it takes about ${minutes} minutes; BELFRY_REQUIRE=long runs it` };
}

/** The full path of the first of these commands that is in PATH. */
export function findCommand(names: readonly string[]): Found<string> {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  for (const name of names) {
    const file = folders.map((folder) => path.join(folder, name)).find((candidate) => existsSync(candidate));
    if (file !== undefined) return { ok: true, value: file };
  }
  return { ok: false, reason: `there is no ${names.join(', ')} in PATH` };
}

/** Chromium for playwright-core: `CHROMIUM_PATH`, or as Debian and others name it. */
export function findChromium(): Found<string> {
  const given = process.env.CHROMIUM_PATH;
  if (given !== undefined && given !== '') return { ok: true, value: given };
  return findCommand(['chromium', 'chromium-browser', 'google-chrome']);
}

/** A Python that can import these modules: `BELFRY_PYTHON` (a virtual environment's, say), or the one in PATH. */
export function findPython(modules: readonly string[]): Found<string> {
  const given = process.env.BELFRY_PYTHON;
  const python: Found<string> = given ? { ok: true, value: given } : findCommand(['python3', 'python']);
  if (!python.ok) return python;
  const { status } = spawnSync(python.value, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' });
  if (status === 0) return python;
  return { ok: false, reason: `${python.value} cannot import ${modules.join(', ')}` };
}
