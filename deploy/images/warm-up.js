// Usage, in an image's folder: node warm-up.js. Loads every package of the service once, so that NODE_COMPILE_CACHE has all of them: `--help` loads
// no client of Kafka, PostgreSQL or Redis, because a process loads only those that its configuration names.
import { readdirSync, readFileSync } from 'node:fs';

const packages = new URL('node_modules/@belfry/', `file://${process.cwd()}/`);
for (const folder of readdirSync(packages)) {
  const { name, exports } = JSON.parse(readFileSync(new URL(`${folder}/package.json`, packages), 'utf8'));
  if (exports['.'] !== undefined) await import(new URL(`${folder}/${exports['.']}`, packages).href);
  else console.log(`${name} is loaded by those that use it`);
}
