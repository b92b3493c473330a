// Usage: node tools/generate-docs.ts [--check]. Writes the documents that repeat what code says; with --check only compares them.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { OUTCOME_TABLE, TRANSPORT_TABLE } from '../libs/channel-fcm/src/outcome-table.ts';
import { OUTCOME_RULES } from '../libs/channel-webpush/src/classify.ts';
import { asyncApiDocument } from '../libs/protocol/src/asyncapi.ts';
import { ERRORS } from '../libs/protocol/src/errors.ts';
import { METRICS } from '../libs/runtime/src/metric-table.ts';
import { readConfigTables } from './config-tables.ts';
import { renderChannels, renderConfig, renderErrors, renderMetrics } from './render-docs.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

export type GeneratedDocument = { readonly file: string; readonly text: string };

/** Every generated document as it should be. */
export async function generateDocuments(): Promise<readonly GeneratedDocument[]> {
  const tables = await readConfigTables(ROOT);
  return [
    { file: 'docs/errors.md', text: renderErrors(ERRORS) },
    { file: 'docs/config.md', text: renderConfig(tables) },
    { file: 'docs/asyncapi.json', text: `${JSON.stringify(asyncApiDocument(), null, 2)}\n` },
    { file: 'docs/metrics.md', text: renderMetrics(METRICS) },
    {
      file: 'docs/channels.md',
      text: renderChannels({ fcm: OUTCOME_TABLE, fcmTransport: TRANSPORT_TABLE, webpush: OUTCOME_RULES }),
    },
  ];
}

/** The documents on disk that differ from what code says. */
export async function staleDocuments(): Promise<readonly string[]> {
  const documents = await generateDocuments();
  return documents.filter(({ file, text }) => readDocument(file) !== text).map(({ file }) => file);
}

function readDocument(file: string): string | undefined {
  try {
    return readFileSync(path.join(ROOT, file), 'utf8');
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const stale = await staleDocuments();
    for (const file of stale) console.error(`${file} differs from the code; run npm run docs`);
    process.exitCode = stale.length > 0 ? 1 : 0;
  } else {
    for (const { file, text } of await generateDocuments()) writeFileSync(path.join(ROOT, file), text);
  }
}
