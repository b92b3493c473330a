import { readFileSync } from 'node:fs';
import { stripTypes } from './strip-types.ts';

export type WebModule = { readonly url: string; readonly source: string };

export type ModuleGraph = {
  /** Everything that the entry reaches, and nothing else. */
  readonly modules: readonly WebModule[];
  /** `imports` of an import map: the specifiers of packages, and where their modules are served. */
  readonly imports: Readonly<Record<string, string>>;
};

export type ModuleGraphOptions = {
  /** `file:` URL of the first module. */
  readonly entry: string;
  /** Folders (`file:` URLs that end in `/`) and the paths they are served under; a module anywhere else is a mistake of whoever imports it. */
  readonly folders: readonly { readonly folder: string; readonly path: string }[];
  /** The `file:` URL of a package's module. */
  readonly resolve: (specifier: string) => string;
};

const IMPORT = /\b(?:from|import)\s*\(?\s*['"]([^'"\n]+)['"]/g;

/** Follows the imports from the entry. Throws, naming the importing file, when one leads outside of the folders. */
export function readModuleGraph({ entry, folders, resolve }: ModuleGraphOptions): ModuleGraph {
  const modules = new Map<string, WebModule>();
  const imports: Record<string, string> = {};

  const servedAt = (file: string, importer: string): string => {
    const home = folders.find(({ folder }) => file.startsWith(folder));
    if (home === undefined) throw new Error(`${importer} imports ${file}, which the console does not serve`);
    return `${home.path}${file.slice(home.folder.length)}`;
  };

  const visit = (file: string, importer: string): string => {
    const url = servedAt(file, importer);
    if (modules.has(url)) return url;
    const source = stripTypes(readFileSync(new URL(file), 'utf8'));
    modules.set(url, { url, source });
    for (const [, specifier = ''] of source.matchAll(IMPORT)) {
      if (specifier.startsWith('.')) visit(new URL(specifier, file).href, file);
      else imports[specifier] = visit(resolve(specifier), file);
    }
    return url;
  };

  visit(entry, 'the page');
  return { modules: [...modules.values()], imports };
}
