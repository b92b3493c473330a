import { describe, expect, it } from 'vitest';
import { defineConfig } from '../libs/runtime/src/config/config-table.ts';
import { durationMs, string } from '../libs/runtime/src/config/config-type.ts';
import { staleDocuments } from './generate-docs.ts';
import { renderConfig } from './render-docs.ts';

describe('documents', () => {
  it('say what the code says; npm run docs writes them anew', async () => {
    expect(await staleDocuments()).toEqual([]);
  });

  it('show defaults, but no secret', () => {
    const table = defineConfig({
      program: 'belfry-test',
      summary: 'A test.',
      options: {
        WAIT: { type: durationMs({ min: 0, max: 60_000 }), default: 30_000, description: 'How long | wide.' },
        KEY: { type: string(), default: 'hunter2', secret: true, description: 'The key.' },
      },
    });
    const text = renderConfig([{ folder: 'services/test', table }]);
    expect(text).toContain('| `WAIT` | a duration such as 30s or 5m, from 0 to 1m | `30s` | How long \\| wide. |');
    expect(text).toContain('| `KEY` (secret) | text | has a default | The key. |');
    expect(text).not.toContain('hunter2');
  });

  it('show what several services have in common once, and name it in each', () => {
    const KEY = { type: string(), default: 'x', description: 'Which one.', group: 'Keys' };
    const table = (own: string) =>
      defineConfig({ program: own, summary: 'A test.', options: { [own]: { ...KEY, group: 'Own' }, KEY } });
    const text = renderConfig([
      { folder: 'services/a', table: table('A') },
      { folder: 'services/b', table: table('B') },
    ]);
    expect(text.match(/\| `KEY` \|/g)).toHaveLength(1);
    expect(text.match(/Also: \[Keys\]\(#keys-shared\)\./g)).toHaveLength(2);
    expect(text.indexOf('### Keys (shared)')).toBeGreaterThan(text.indexOf('| `B` |'));
  });
});
