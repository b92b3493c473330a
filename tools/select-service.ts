// Usage: node tools/select-service.ts <service> <target folder>. Copies what one service needs to run, out of the whole repository, for its image:
// manifests/ (what decides the installed packages) and sources/ (its own code and that of the libraries it depends on, directly or not).
// The manifests are the same for all services, so that their images share the layer of installed packages: it is made, kept and pulled once.
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';

type Manifest = {
  readonly name: string;
  readonly belfry?: { readonly layer?: string };
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
};

const ROOT = path.resolve(import.meta.dirname, '..');
/** With the lock file, so that an image has the very versions that were tested. */
const ROOT_MANIFESTS = ['package.json', 'package-lock.json', '.npmrc'];

const [service, target, ...rest] = process.argv.slice(2);
if (service === undefined || target === undefined || rest.length > 0) {
  console.error('usage: select-service.ts <service> <target folder>');
  process.exit(2);
}
const own = ['services', 'examples']
  .map((group) => `${group}/${service}`)
  .find((each) => existsSync(path.join(ROOT, each)));
if (own === undefined) throw new Error(`there is no services/${service} and no examples/${service}`);
for (const file of ROOT_MANIFESTS) copy(file, 'manifests');
for (const folder of selectFolders(isService(own) ? globSync('services/*', { cwd: ROOT }).filter(isService) : [own])) {
  copy(`${folder}/package.json`, 'manifests');
}
for (const folder of selectFolders([own])) copy(folder, 'sources');
// The same command line for every service.
symlinkSync(`${own}/src/main.ts`, path.join(target, 'sources/main.ts'));

/** One of those that run beside each other; standalone and the examples need other packages. */
function isService(folder: string): boolean {
  return readManifest(folder).belfry?.layer === 'service';
}

/** The folders and those of every workspace package among their dependencies and theirs; what only tests need is not among them. */
function selectFolders(first: readonly string[]): ReadonlySet<string> {
  const folderOf = new Map<string, string>();
  for (const pattern of readManifest('.').workspaces ?? []) {
    for (const file of globSync(`${pattern}/package.json`, { cwd: ROOT })) {
      const folder = path.dirname(file);
      folderOf.set(readManifest(folder).name, folder);
    }
  }
  const selected = new Set(first);
  // A set gives what is added while it is walked, too.
  for (const folder of selected) {
    for (const name of Object.keys(readManifest(folder).dependencies ?? {})) {
      const found = folderOf.get(name);
      if (found !== undefined) selected.add(found);
    }
  }
  return selected;
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(ROOT, folder, 'package.json'), 'utf8')) as Manifest;
}

function copy(from: string, into: string): void {
  const to = path.join(target ?? '', into, from);
  mkdirSync(path.dirname(to), { recursive: true });
  cpSync(path.join(ROOT, from), to, { recursive: true });
}
