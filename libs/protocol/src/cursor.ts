/** `epoch:offset`: a position in a user's stream. Opaque to clients. */
export type Cursor = { readonly epoch: string; readonly offset: number };

export function formatCursor(cursor: Cursor): string {
  return `${cursor.epoch}:${cursor.offset}`;
}

/** undefined when it was not made by `formatCursor`. */
export function parseCursor(text: string): Cursor | undefined {
  const match = /^([A-Za-z0-9_-]{1,64}):(0|[1-9]\d{0,15})$/.exec(text);
  if (!match?.[1] || match[2] === undefined) return undefined;
  return { epoch: match[1], offset: Number(match[2]) };
}
