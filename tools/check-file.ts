import { isBuiltin } from 'node:module';
import path from 'node:path';
import {
  AMBIENT,
  AMBIENT_FILES,
  AMBIENT_LAYERS,
  LAYERS,
  type Layer,
  LINES_MAX,
  MAIN_LINES_MAX,
  STARTS_PROCESSES,
  TEST_LAYERS,
} from './boundary-rules.ts';
import { stripSource } from './strip-source.ts';

export type Package = {
  readonly name: string;
  /** Relative to the repository's root, with slashes. */
  readonly folder: string;
  readonly layer: Layer;
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
};

export type Workspace = {
  readonly packages: ReadonlyMap<string, Package>;
  /** Development dependencies of the root, such as vitest, which every test may use. */
  readonly sharedForTests: ReadonlySet<string>;
};

export type SourceFile = { readonly path: string; readonly text: string };

export type Violation = { readonly file: string; readonly line: number; readonly message: string };

const IMPORTS = [
  /\b(?:import|export)\s+(?:type\s+)?(?:[\w*${},\s]+?\s+from\s+)?(['"])([^'"\n]+)\1/g,
  /\b(?:import|require|require\.resolve|import\.meta\.resolve)\s*\(\s*(['"])([^'"\n]+)\1/g,
  /\bnew\s+URL\s*\(\s*(['"])(\.[^'"\n]*\.[jt]s)\1\s*,\s*import\.meta\.url/g,
];

/** Everything that one file does against the layers. Pure: the text in, the violations out. */
export function checkFile(file: SourceFile, owner: Package, workspace: Workspace): readonly Violation[] {
  const { withoutComments, codeOnly } = stripSource(file.text);
  const violations: Violation[] = [];
  const report = (line: number, message: string) => violations.push({ file: file.path, line, message });
  const isTest = isTestFile(file.path);

  const lines = file.text.trimEnd().split('\n').length;
  const isMain = path.posix.basename(file.path) === 'main.ts';
  if (isMain && lines > MAIN_LINES_MAX) report(1, `has ${lines} lines; a main.ts has at most ${MAIN_LINES_MAX}`);
  if (lines > LINES_MAX) report(1, `has ${lines} lines; a file has at most ${LINES_MAX}`);

  for (const pattern of IMPORTS) {
    for (const match of withoutComments.matchAll(pattern)) {
      const message = importProblem(match[2] ?? '', { file, owner, workspace, isTest });
      if (message !== undefined) report(lineOf(withoutComments, match.index), message);
    }
  }

  if (isTest || isMain || AMBIENT_LAYERS.includes(owner.layer) || AMBIENT_FILES.includes(file.path)) return violations;
  for (const { pattern, instead } of AMBIENT) {
    const text = pattern.source.startsWith('[') ? withoutComments : codeOnly;
    const match = pattern.exec(text);
    if (match !== null) report(lineOf(text, match.index), `uses ${match[0].trim()}; use ${instead}`);
  }
  return violations;
}

/** Test files, and files beside them that only tests import. */
export function isTestFile(file: string): boolean {
  return /\.(?:test|fixture)\.ts$|\/src\/testing\/|\/vitest\.config\.ts$|\/test-[\w-]+\.ts$/.test(file);
}

type ImportContext = {
  readonly file: SourceFile;
  readonly owner: Package;
  readonly workspace: Workspace;
  readonly isTest: boolean;
};

function importProblem(specifier: string, { file, owner, workspace, isTest }: ImportContext): string | undefined {
  if (specifier.startsWith('.')) {
    const target = path.posix.join(path.posix.dirname(file.path), specifier);
    if (STARTS_PROCESSES.includes(owner.layer) && target.endsWith('/main.ts')) return undefined;
    if (!target.startsWith(`${owner.folder}/`)) return `imports ${specifier}, which is outside of ${owner.folder}`;
    if (!isTest && isTestFile(target)) return `imports ${specifier}, which is for tests only`;
    return undefined;
  }
  if (isBuiltin(specifier)) return specifier.startsWith('node:') ? undefined : `imports ${specifier} without node:`;
  const name = packageName(specifier);
  if (name === owner.name) return `imports its own package ${name}; import the file`;
  if (!isDeclared(name, owner, workspace, isTest)) {
    const list = isTest ? 'dependencies or devDependencies' : 'dependencies';
    return `imports ${name}, which is not in the ${list} of ${owner.folder}/package.json`;
  }
  const imported = workspace.packages.get(name);
  if (imported === undefined) return undefined;
  const allowed: readonly Layer[] = isTest ? [...LAYERS[owner.layer], ...TEST_LAYERS] : LAYERS[owner.layer];
  if (allowed.includes(imported.layer)) return undefined;
  return `is ${owner.layer} and imports ${name}, which is ${imported.layer}; allowed: ${allowed.join(', ') || 'nothing'}`;
}

function isDeclared(name: string, owner: Package, { sharedForTests }: Workspace, isTest: boolean): boolean {
  if (owner.dependencies.has(name)) return true;
  return isTest && (owner.devDependencies.has(name) || sharedForTests.has(name));
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
