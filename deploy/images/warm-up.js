// Usage, in an image's folder: node warm-up.js. Loads every module of the service once, so that NODE_COMPILE_CACHE has all of them, the clients of
// Kafka, PostgreSQL and Redis too, which a process loads only where its configuration names them.
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const PACKAGES = 'node_modules/@belfry';
const ENTRIES = ['.', './postgres', './credentials'];
// Links, behind which Node 24.22 finds nothing with a glob. Those of packages that the service does not need lead nowhere.
for (const name of readdirSync(PACKAGES)) {
  const manifest = path.join(PACKAGES, name, 'package.json');
  if (!existsSync(manifest)) continue;
  const { exports } = JSON.parse(readFileSync(manifest, 'utf8'));
  for (const entry of ENTRIES) {
    if (exports[entry] !== undefined) await import(path.resolve(PACKAGES, name, exports[entry]));
  }
}
// What `main.ts` loads once its compile cache is on. `main.ts` itself would start the service.
for (const file of globSync('services/*/src/start.ts')) await import(path.resolve(file));
// log-kafka mends this one, and so loads it with the first client of Kafka only.
const mended = 'node_modules/kafkajs/src/protocol/recordBatch/v0/decoder.js';
if (existsSync(mended)) await import(path.resolve(mended));
