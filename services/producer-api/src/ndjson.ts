/** A line of an NDJSON body that is no JSON; it becomes the problem of its own item. */
export class BrokenLine {
  /** Kept so that two bodies with different broken lines are different bodies under one Idempotency-Key. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * The values of newline-delimited JSON, one per line. Lines end in LF or CR LF, the last one in either or nothing; blank lines do not count. A byte order
 * mark at the start is dropped.
 */
export function parseNdjson(text: string): unknown[] {
  const items: unknown[] = [];
  for (const line of text.replace(/^\uFEFF/, '').split('\n')) {
    if (line.trim() !== '') items.push(parseLine(line));
  }
  return items;
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return new BrokenLine(line);
  }
}
