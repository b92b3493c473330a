import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DELIVERY_STATES } from '../libs/core/src/delivery.ts';
import { CHANNELS } from '../libs/core/src/notification.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const DOCUMENTS = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT }).toSorted();
/** Files named in `code` are looked up from the root, wherever the document is. */
const NAMED = /`((?:\.ci|bench|docs|e2e|examples|libs|services|tools)\/[\w./*-]*)`/g;

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** The headings of a document as anchors, and the anchors that it sets itself. */
function anchorsOf(file: string): ReadonlySet<string> {
  const text = read(file);
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)]);
}

/** First cells, where they are code, of the table under a heading. */
function rowsUnder(file: string, heading: string): string[] {
  const section =
    read(file)
      .split(/^## /m)
      .find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name);
}

describe.each(DOCUMENTS)('%s', (file) => {
  it('names only files and folders that exist', () => {
    const missing = [...read(file).matchAll(NAMED)]
      .map(([, named = '']) => named)
      .filter((named) => globSync(named, { cwd: ROOT }).length === 0);
    expect(missing).toEqual([]);
  });

  it('has links that lead somewhere', () => {
    const broken = [...read(file).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)].filter(
      ([, target = '', anchor]) => {
        const linked = target === '' ? file : path.join(path.dirname(file), target);
        if (!existsSync(path.join(ROOT, linked))) return true;
        return anchor !== undefined && !anchorsOf(linked).has(anchor);
      },
    );
    expect(broken.map(([link]) => link)).toEqual([]);
  });
});

describe('README.md', () => {
  it('lists every channel and every state of a delivery', () => {
    expect(rowsUnder('README.md', 'Channels')).toEqual([...CHANNELS]);
    expect(rowsUnder('README.md', 'States of a delivery')).toEqual([...DELIVERY_STATES]);
  });
});

describe('docs/adr', () => {
  it('is numbered without a gap, and listed', () => {
    const files = globSync('docs/adr/[0-9]*.md', { cwd: ROOT })
      .map((file) => path.basename(file))
      .toSorted();
    const numbers = files.map((file) => file.slice(0, 4));
    expect(numbers).toEqual(files.map((_, index) => String(index + 1).padStart(4, '0')));
    const listed = [...read('docs/adr/README.md').matchAll(/\]\((\d{4}[^)]*)\) \| (.+) \|/g)];
    expect(listed.map(([, file]) => file)).toEqual(files);
    for (const [, file = '', title] of listed) {
      expect(read(`docs/adr/${file}`)).toMatch(new RegExp(`^# ${file.slice(0, 4)}: ${RegExp.escape(title ?? '')}\n`));
      expect(read(`docs/adr/${file}`).trimEnd().split('\n').length, file).toBeLessThanOrEqual(40);
    }
  });
});
