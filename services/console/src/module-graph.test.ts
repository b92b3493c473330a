import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { readModuleGraph } from './module-graph.ts';

const root = mkdtempSync(join(tmpdir(), 'belfry-modules-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const urlOf = (path: string): string => pathToFileURL(join(root, path)).href;

function read(files: Readonly<Record<string, string>>) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return readModuleGraph({
    entry: urlOf('web/main.ts'),
    folders: [
      { folder: urlOf('web/'), path: '/console/' },
      { folder: urlOf('lib/'), path: '/console/modules/lib/' },
    ],
    resolve: (specifier) => urlOf(specifier.replace('@x/', '')),
  });
}

describe('readModuleGraph', () => {
  it('takes what the entry reaches, with types stripped, and nothing else', () => {
    const { modules, imports } = read({
      'web/main.ts': "import { a } from './a.ts';\nimport type { T } from './types.ts';\nconst b: T = a as T;\n",
      'web/a.ts':
        "import { main } from './main.ts';\nexport { c as a } from '@x/lib/c.ts';\nexport type { D } from '@x/lib/d.ts';\n",
      'web/types.ts': 'export type T = number;\n',
      'lib/c.ts': 'export const c: number = 1;\n',
      'lib/d.ts': 'export type D = 1;\n',
      'lib/secret.ts': 'export const key = 1;\n',
    });
    expect(modules.map(({ url }) => url)).toEqual(['/console/main.ts', '/console/a.ts', '/console/modules/lib/c.ts']);
    expect(imports).toEqual({ '@x/lib/c.ts': '/console/modules/lib/c.ts' });
    expect(modules[0]?.source).toMatch(/^import \{ a \} from '.\/a.ts';\n\s+\nconst b\s+= a\s+;\n$/);
  });

  it.each(['../outside.ts', './../../etc.ts', '@x/outside.ts', '@x/web-more/a.ts'])('refuses to serve %s', (other) => {
    const main = ['import { a } from', `'${other}';`, 'a();'].join(' ');
    const files = { 'web/main.ts': main, 'outside.ts': '', 'web-more/a.ts': '' };
    expect(() => read(files)).toThrow(/main\.ts imports .*, which the console does not serve/);
  });
});
