import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isLayer, LAYERS } from './boundary-rules.ts';
import type { Package, SourceFile, Violation, Workspace } from './check-file.ts';

type Manifest = {
  readonly name?: string;
  readonly belfry?: { readonly layer?: string };
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
};

const SCRIPTS = ['typecheck', 'test', 'test:needs'];

export type WorkspaceRead = { readonly workspace: Workspace; readonly violations: readonly Violation[] };

/** Reads every package.json of the workspaces; one without a layer or without the common scripts is a violation itself. */
export function readWorkspace(root: string): WorkspaceRead {
  const rootManifest = readManifest(path.join(root, 'package.json'));
  const packages = new Map<string, Package>();
  const violations: Violation[] = [];
  const files = (rootManifest.workspaces ?? []).flatMap((pattern) =>
    globSync(`${pattern}/package.json`, { cwd: root }),
  );
  for (const file of files.map(withSlashes).toSorted()) {
    const manifest = readManifest(path.join(root, file));
    const layer = manifest.belfry?.layer;
    if (!isLayer(layer)) {
      const layers = Object.keys(LAYERS).join(', ');
      violations.push({ file, line: 1, message: `has no belfry.layer; one of ${layers}` });
      continue;
    }
    const missing = SCRIPTS.filter((script) => manifest.scripts?.[script] === undefined);
    if (missing.length > 0) violations.push({ file, line: 1, message: `lacks the scripts ${missing.join(', ')}` });
    const name = manifest.name ?? '';
    packages.set(name, {
      name,
      folder: path.posix.dirname(file),
      layer,
      dependencies: new Set(Object.keys(manifest.dependencies ?? {})),
      devDependencies: new Set(Object.keys(manifest.devDependencies ?? {})),
    });
  }
  const sharedForTests = new Set(Object.keys(rootManifest.devDependencies ?? {}));
  return { workspace: { packages, sharedForTests }, violations };
}

/** The TypeScript sources of a package, installed and generated ones left out. */
export function readSources(root: string, owner: Package): readonly SourceFile[] {
  return globSync('**/*.ts', { cwd: path.join(root, owner.folder), exclude: ['**/node_modules', '**/dist', '**/data'] })
    .map((file) => path.posix.join(owner.folder, withSlashes(file)))
    .toSorted()
    .map((file) => ({ path: file, text: readFileSync(path.join(root, file), 'utf8') }));
}

function readManifest(file: string): Manifest {
  if (!existsSync(file)) throw new Error(`${file} does not exist`);
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
}

function withSlashes(file: string): string {
  return file.replaceAll(path.sep, '/');
}
