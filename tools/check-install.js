// Plain JavaScript for whatever Node the machine has: it runs before anything that needs Node 24, and says what is missing.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NEEDED_MAJOR = 24;

/**
 * @param {{ version: string, hasModules: boolean, hasBinary: boolean }} found `version` of the running Node, without the v
 * @returns {string | undefined} what is wrong and what to type
 */
export function installProblem({ version, hasModules, hasBinary }) {
  if (!hasModules) return 'The packages are not installed. Type:\n\n  npm ci\n';
  if (!hasBinary) {
    return [
      `Belfry runs on Node ${NEEDED_MAJOR}, which the npm package "node" brings, but its binary is not there.`,
      'Install scripts were probably turned off (--ignore-scripts, or ignore-scripts=true in .npmrc). Type:\n',
      '  npm ci --ignore-scripts=false\n',
    ].join('\n');
  }
  if (Number(version.split('.')[0]) < NEEDED_MAJOR) {
    return [
      `Belfry runs on Node ${NEEDED_MAJOR}, but this is Node ${version}.`,
      'Node 24 is installed here: npm scripts find it by themselves. Type one of:\n',
      '  npm start\n  npm test\n\nor, for a single file:\n\n  npx --no node <file>\n',
    ].join('\n');
  }
  return undefined;
}

const root = new URL('../', import.meta.url);
const problem = installProblem({
  version: process.versions.node,
  hasModules: existsSync(new URL('node_modules/', root)),
  hasBinary: ['bin/node', 'bin/node.exe'].some((file) => existsSync(new URL(`node_modules/node/${file}`, root))),
});
if (process.argv[1] === fileURLToPath(import.meta.url) && problem !== undefined) {
  process.stderr.write(`\n${problem}\n`);
  process.exitCode = 1;
}
