import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Layer } from './boundary-rules.ts';
import { checkBoundaries } from './check-boundaries.ts';
import { checkFile, type Package } from './check-file.ts';
import { stripSource } from './strip-source.ts';

function pack(name: string, folder: string, layer: Layer, dependencies: string[] = [], dev: string[] = []): Package {
  return { name, folder, layer, dependencies: new Set(dependencies), devDependencies: new Set(dev) };
}

const CORE = pack('@b/core', 'libs/core', 'core');
const STORE = pack('@b/store', 'libs/store', 'adapter', ['@b/core', '@b/log', 'kysely'], ['@b/testing', '@b/e2e']);
const LOG = pack('@b/log', 'libs/log', 'adapter', ['@b/core']);
const TESTING = pack('@b/testing', 'libs/testing', 'testing', ['@b/core']);
const E2E = pack('@b/e2e', 'e2e', 'e2e');
const RUNTIME = pack('@b/runtime', 'libs/runtime', 'runtime', ['@b/core']);
const API = pack('@b/api', 'services/api', 'service', ['@b/core', '@b/router']);
const ROUTER = pack('@b/router', 'services/router', 'service', ['@b/core']);
const ALL = pack('@b/all', 'services/all', 'standalone', ['@b/api', '@b/router']);
const PACKAGES = [CORE, STORE, LOG, TESTING, E2E, RUNTIME, API, ROUTER, ALL];
const WORKSPACE = { packages: new Map(PACKAGES.map((one) => [one.name, one])), sharedForTests: new Set(['vitest']) };

function check(owner: Package, file: string, text: string): string[] {
  const found = checkFile({ path: `${owner.folder}/${file}`, text }, owner, WORKSPACE);
  return found.map(({ line, message }) => `${line}: ${message}`);
}

describe('checkFile', () => {
  it.each<[string, Package, string, string, RegExp]>([
    ['a layer further out', CORE, 'src/a.ts', "import { x } from '@b/runtime';", /not in the dependencies/],
    [
      'one adapter in another',
      STORE,
      'src/a.ts',
      "import { x } from '@b/log';",
      /is adapter and imports @b\/log, which is adapter/,
    ],
    [
      'one service in another',
      API,
      'src/a.ts',
      "import { x } from '@b/router';",
      /is service and imports @b\/router, which is service/,
    ],
    [
      'an undeclared neighbour',
      LOG,
      'src/a.ts',
      "import type { x } from '@b/store';",
      /not in the dependencies of libs\/log/,
    ],
    ['an undeclared library', LOG, 'src/a.ts', "import kysely from 'kysely/deep';", /imports kysely, which is not in/],
    [
      'a development dependency in production code',
      STORE,
      'src/a.ts',
      "import '@b/testing/x';",
      /not in the dependencies/,
    ],
    ['e2e, even in a test', STORE, 'src/a.test.ts', "import '@b/e2e';", /imports @b\/e2e, which is e2e/],
    [
      'a neighbour by its path',
      STORE,
      'src/a.ts',
      "export { x } from '../../core/src/x.ts';",
      /outside of libs\/store/,
    ],
    [
      'a neighbour by a dynamic import',
      STORE,
      'src/a.ts',
      "await import('../../core/src/x.ts');",
      /outside of libs\/store/,
    ],
    [
      'a neighbour as a worker',
      STORE,
      'src/a.ts',
      "new Worker(new URL('../../log/src/w.ts', import.meta.url));",
      /outside/,
    ],
    ['a service in e2e', E2E, 'a.ts', "import { x } from '../services/api/src/index.ts';", /outside of e2e/],
    ['a test in production code', STORE, 'src/a.ts', "import { x } from './b.test.ts';", /for tests only/],
    ['its own package', STORE, 'src/a.ts', "import { x } from '@b/store';", /its own package/],
    ['a builtin without its prefix', CORE, 'src/a.ts', "import fs from 'fs';", /without node:/],
    ['many names over many lines', STORE, 'src/a.ts', "import {\n  a,\n  b as c,\n} from '@b/log';", /@b\/log/],
  ])('finds an import of %s', (_name, owner, file, text, message) => {
    expect(check(owner, file, text)).toEqual([expect.stringMatching(message)]);
  });

  it.each([
    'const a = process.env.HOME;',
    'const a = Date.now();',
    'const a = new Date();',
    'const a = Math.random();',
    'setTimeout(() => {}, 1);',
    'setInterval(run, 1);',
    'performance.now();',
    "import { setTimeout as wait } from 'node:timers/promises';",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the template is the input
    'const a = `at ${Date.now()}`;',
  ])('finds what hides a dependency: %s', (text) => {
    expect(check(STORE, 'src/a.ts', `\n${text}\n`)).toEqual([expect.stringMatching(/^2: uses .*; use /)]);
  });

  it.each([
    ['in a comment', STORE, 'src/a.ts', '// Date.now() and process.env\n/* setTimeout( */'],
    ['in a string', STORE, 'src/a.ts', "const a = 'Date.now()';"],
    ['in a regular expression', STORE, 'src/a.ts', "const a = /'Math.random/; const b = 1;"],
    ['of another time', STORE, 'src/a.ts', 'const a = new Date(nowMs).toISOString();'],
    ['in libs/runtime', RUNTIME, 'src/a.ts', 'Date.now();'],
    ['in a main.ts', API, 'src/main.ts', 'process.env.PORT;'],
    ['in a test', STORE, 'src/a.test.ts', "import { it } from 'vitest';\nsetTimeout(run, 1);"],
    ['as an import in a comment', STORE, 'src/a.ts', "// import { x } from '@b/log';"],
    ['as what a layer may import', STORE, 'src/a.ts', "import { x } from '@b/core/clock';\nimport k from 'kysely';"],
    ['as a neighbour in a test', STORE, 'src/a.test.ts', "import '@b/testing/clock';\nimport '@b/log';"],
    ['as a process to start', E2E, 'a.ts', "new URL('../services/api/src/main.ts', import.meta.url);"],
    ['as a service in standalone', ALL, 'src/a.ts', "import { x } from '@b/api';"],
  ])('accepts it %s', (_name, owner, file, text) => {
    expect(check(owner, file, text)).toEqual([]);
  });

  it('limits the length of files', () => {
    expect(check(STORE, 'src/a.ts', 'a;\n'.repeat(400))).toEqual([]);
    expect(check(STORE, 'src/a.ts', 'a;\n'.repeat(401))).toEqual(['1: has 401 lines; a file has at most 400']);
    expect(check(API, 'src/main.ts', 'a;\n'.repeat(81))).toEqual(['1: has 81 lines; a main.ts has at most 80']);
  });
});

describe('stripSource', () => {
  it.each([
    ['a / b; // c', 'a / b;     '],
    ["f('a//b')", "f('    ')"],
    ['const x = /[/\'"]/g; y', 'const x = /     /g; y'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the template is the input
    ['`a ${b + `c ${d}`} e` + f', '`  ${b + `  ${d}`}  ` + f'],
    ["'it\\'s' + x", "'     ' + x"],
  ])('%s', (source, expected) => {
    expect(stripSource(source).codeOnly).toBe(expected);
  });
});

describe('checkBoundaries', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  it('reads the workspaces of a repository', () => {
    const root = mkdtempSync(path.join(tmpdir(), 'boundaries-'));
    folders.push(root);
    const write = (file: string, content: unknown) => {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      writeFileSync(path.join(root, file), typeof content === 'string' ? content : JSON.stringify(content));
    };
    const scripts = { typecheck: '', test: '', 'test:needs': '' };
    write('package.json', { workspaces: ['libs/*'] });
    write('libs/core/package.json', { name: '@b/core', belfry: { layer: 'core' }, scripts });
    write('libs/core/src/a.ts', "import '@b/odd';");
    write('libs/core/node_modules/x/a.ts', 'Date.now();');
    write('libs/odd/package.json', { name: '@b/odd', scripts });
    const { files, violations } = checkBoundaries(root);
    expect(files).toBe(1);
    expect(violations.map(({ file }) => file)).toEqual(['libs/odd/package.json', 'libs/core/src/a.ts']);
  });
});
