/** What `recorder.c` writes down. Paths are relative to the recorded folder; '' is the folder itself. */
export type Operation =
  | { readonly kind: 'create'; readonly path: string }
  | { readonly kind: 'write'; readonly path: string; readonly offset: number; readonly data: Buffer }
  | { readonly kind: 'truncate'; readonly path: string; readonly length: number }
  | { readonly kind: 'sync'; readonly path: string }
  | { readonly kind: 'unlink'; readonly path: string }
  | { readonly kind: 'rename'; readonly path: string; readonly target: string };

const HEADER_BYTES = 24;

/** Parses a trace. Throws on an entry that it does not know: a wrong reading would prove nothing. */
export function parseTrace(trace: Buffer): Operation[] {
  const operations: Operation[] = [];
  for (let at = 0; at < trace.length; ) {
    const pathAt = at + HEADER_BYTES;
    const dataAt = pathAt + trace.readUInt32LE(at + 4);
    const end = dataAt + Number(trace.readBigUInt64LE(at + 16));
    const path = trace.toString('utf8', pathAt, dataAt);
    const offset = Number(trace.readBigUInt64LE(at + 8));
    operations.push(toOperation(trace.readUInt32LE(at), path, offset, trace.subarray(dataAt, end)));
    at = end;
  }
  return operations;
}

function toOperation(code: number, path: string, offset: number, data: Buffer): Operation {
  switch (code) {
    case 1:
      return { kind: 'create', path };
    case 2:
      return { kind: 'write', path, offset, data };
    case 3:
      return { kind: 'truncate', path, length: offset };
    case 4:
      return { kind: 'sync', path };
    case 5:
      return { kind: 'unlink', path };
    case 6:
      return { kind: 'rename', path, target: data.toString('utf8') };
    default:
      throw new Error(`the trace has an operation ${code}`);
  }
}
