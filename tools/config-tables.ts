import { globSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ConfigSummary } from '../libs/runtime/src/config/config-table.ts';

export type ConfigOfFolder = { readonly folder: string; readonly table: ConfigSummary };

/** The variables of every service. Services are found by their `src/config.ts`, which exports its table as `CONFIG`. */
export async function readConfigTables(root: string): Promise<readonly ConfigOfFolder[]> {
  const tables: ConfigOfFolder[] = [];
  for (const file of globSync('services/*/src/config.ts', { cwd: root }).toSorted()) {
    const module = (await import(pathToFileURL(path.join(root, file)).href)) as { CONFIG?: ConfigSummary };
    if (module.CONFIG === undefined) throw new Error(`${file} does not export CONFIG`);
    tables.push({ folder: path.dirname(path.dirname(file)), table: module.CONFIG });
  }
  return tables;
}
