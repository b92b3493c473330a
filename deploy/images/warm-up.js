// Usage, in an image's folder: node warm-up.js. Loads every module of the service once, so that NODE_COMPILE_CACHE has all of them, the clients of
// Kafka, PostgreSQL and Redis too, which a process loads only where its configuration names them.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

for (const manifest of globSync('node_modules/@belfry/*/package.json')) {
  const { exports } = JSON.parse(readFileSync(manifest, 'utf8'));
  if (exports['.'] !== undefined) await import(path.resolve(path.dirname(manifest), exports['.']));
}
// What `main.ts` loads once its compile cache is on. `main.ts` itself would start the service.
for (const file of globSync('services/*/src/start.ts')) await import(path.resolve(file));
