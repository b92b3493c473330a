// Usage: node tools/check-boundaries.ts [root]. Exits 1 and names file, line and rule where code crosses a layer.
import path from 'node:path';
import { checkFile, type Violation } from './check-file.ts';
import { readSources, readWorkspace } from './read-workspace.ts';

export function checkBoundaries(root: string): { readonly files: number; readonly violations: readonly Violation[] } {
  const { workspace, violations: ofManifests } = readWorkspace(root);
  const violations = [...ofManifests];
  let files = 0;
  for (const owner of workspace.packages.values()) {
    for (const file of readSources(root, owner)) {
      files += 1;
      violations.push(...checkFile(file, owner, workspace));
    }
  }
  return { files, violations };
}

if (import.meta.main) {
  const root = path.resolve(process.argv[2] ?? path.join(import.meta.dirname, '..'));
  const { files, violations } = checkBoundaries(root);
  for (const { file, line, message } of violations) console.error(`${file}:${line} ${message}`);
  // A checker that found nothing to check must not pass.
  if (files === 0) console.error(`no sources under ${root}`);
  console.log(`boundaries: ${files} files, ${violations.length} violations`);
  process.exitCode = violations.length > 0 || files === 0 ? 1 : 0;
}
