// Usage: BELFRY_API_URL=… BELFRY_API_KEY=… node examples/invoices/src/main.ts. The upstream as a process of its own; PORT, BELFRY_HOST and INVOICES say
// where it listens and keeps its PDFs. The key may also be in a file (BELFRY_API_KEY_FILE), or in the folder of BELFRY_KEYS.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fastify } from 'fastify';
import { addInvoiceUpstream } from './invoice-upstream.ts';

const { env } = process;
const keyFile = env.BELFRY_API_KEY_FILE || (env.BELFRY_KEYS && join(env.BELFRY_KEYS, 'api-key'));
const apiKey = env.BELFRY_API_KEY || (keyFile && readFileSync(keyFile, 'utf8').trim());
if (!apiKey) {
  console.error('BELFRY_API_KEY, BELFRY_API_KEY_FILE or BELFRY_KEYS is required');
  process.exit(1);
}

const app = fastify();
app.get('/health/live', async () => ({ status: 'live' }));
app.get('/health/ready', async () => ({ status: 'ready' }));
addInvoiceUpstream(app, {
  belfryUrl: () => env.BELFRY_API_URL || 'http://127.0.0.1:8080',
  apiKey,
  directory: env.INVOICES || 'invoices',
  now: () => new Date(),
  onError: (error) => console.error('an invoice was not made:', error),
});
await app.listen({ host: env.BELFRY_HOST || '127.0.0.1', port: Number(env.PORT || 8096) });
console.log(`the invoice upstream listens on port ${env.PORT || 8096}`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void app.close());
