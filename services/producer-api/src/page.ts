import { LIMITS } from '@belfry/protocol/limits';
import { ProblemError } from '@belfry/runtime';
import { z } from 'zod';

const DEFAULT_PAGE_ITEMS = 50;

/** Query parameters of every list. The HTTP host takes an empty one for absent. */
export const pageQuery = z.object({
  cursor: z.string().max(1_024).optional().describe('`next` of the page before; absent for the first'),
  limit: z.coerce.number().int().min(1).max(LIMITS.pageItems).default(DEFAULT_PAGE_ITEMS),
});

export const nextSchema = z.string().optional().describe('Cursor of the next page; absent on the last');

/** The lists with cursors of their own; a cursor of one is refused by the others. */
export type CursorList = 'deliveries' | 'dead-letters' | 'unreadable-jobs' | 'subscribers';

/** A position in a list as an opaque text. */
export function formatPageCursor(list: CursorList, position: string): string {
  return Buffer.from(`${list}:${position}`).toString('base64url');
}

/** The position of a cursor that `formatPageCursor` made for this list; undefined for the first page. Any other text is a problem. */
export function parsePageCursor(list: CursorList, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const decoded = Buffer.from(cursor, 'base64url').toString('utf8');
  const position = decoded.startsWith(`${list}:`) ? decoded.slice(list.length + 1) : '';
  // Decoding skips what is not base64url, so only the text that encoding gives again is one of ours.
  if (position === '' || formatPageCursor(list, position) !== cursor) throw invalidCursor();
  return position;
}

export function invalidCursor(): ProblemError {
  return new ProblemError('cursor_invalid', {
    detail: 'The cursor was not made by this list.',
    field: 'query:cursor',
  });
}
