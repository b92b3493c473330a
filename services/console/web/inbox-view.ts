import type { BelfryClient, InboxEntry } from '@belfry/client';
import { coalesce } from './coalesce.ts';
import { button, create, find, whileBusy } from './dom.ts';
import { formatTime } from './format.ts';
import { createNotice } from './notice.ts';

export type InboxView = {
  /** It came over the live connection just now. */
  arrived(id: string): void;
  refresh(): void;
  clear(): void;
};

const SHOWN = 30;

/** The newest of the inbox and the unread count. The inbox is the truth; what arrives live only says that it is time to look. */
export function createInboxView({ client }: { client: () => BelfryClient | undefined }): InboxView {
  const list = find('inbox', HTMLElement);
  const empty = find('inbox-empty', HTMLElement);
  const unread = find('inbox-unread', HTMLElement);
  const readAll = find('read-all', HTMLButtonElement);
  const notice = createNotice(find('inbox-notice', HTMLElement));
  const live = new Set<string>();
  const rows = new Map<string, HTMLElement>();

  const markRead = async (ids: readonly string[] | 'all'): Promise<void> => {
    try {
      await client()?.markRead(ids);
      notice.clear();
    } catch (error) {
      notice.complain(error instanceof Error ? error.message : String(error));
    }
    refresh();
  };

  const rowOf = (entry: InboxEntry): HTMLElement => {
    const kept = rows.get(entry.id);
    if (kept !== undefined && kept.dataset.read === String(entry.read)) return kept;
    const mark = button('Mark read', 'plain', () => void whileBusy(mark, () => markRead([entry.id])));
    const row = create(
      'li',
      { 'data-id': entry.id, 'data-read': String(entry.read), class: live.has(entry.id) ? 'arrived' : undefined },
      create('span', { class: 'dot', role: 'img', 'aria-label': entry.read ? 'read' : 'unread' }),
      create(
        'span',
        { class: 'headline' },
        create('strong', {}, entry.title),
        entry.body === undefined ? undefined : create('span', { class: 'text' }, entry.body),
        create(
          'span',
          { class: 'meta' },
          create('span', { class: 'faint' }, formatTime(Date.parse(entry.acceptedAt))),
          entry.url === undefined
            ? undefined
            : create('a', { href: safeLink(entry.url), target: '_blank', rel: 'noopener' }, 'Open'),
          entry.read ? undefined : mark,
        ),
      ),
    );
    rows.set(entry.id, row);
    return row;
  };

  const read = async (): Promise<void> => {
    const asked = client();
    if (asked === undefined) return;
    try {
      const page = await asked.inbox({ limit: SHOWN });
      if (client() !== asked) return;
      const wanted = page.items.map(rowOf);
      const same = wanted.length === list.children.length && wanted.every((row, at) => row === list.children[at]);
      if (!same) list.replaceChildren(...wanted);
      for (const id of rows.keys()) if (!page.items.some((item) => item.id === id)) rows.delete(id);
      empty.textContent = 'Nothing yet. Send something to this user.';
      empty.hidden = page.items.length > 0;
      unread.textContent = `${page.unread} unread`;
      unread.hidden = page.unread === 0;
      readAll.hidden = page.unread === 0;
    } catch (error) {
      notice.complain(error instanceof Error ? error.message : String(error));
    }
  };

  const refresh = coalesce(read);

  readAll.addEventListener('click', () => void whileBusy(readAll, () => markRead('all')));
  return {
    arrived(id) {
      live.add(id);
      // The inbox may have been read between its routing and its arrival.
      rows.get(id)?.classList.add('arrived');
      refresh();
    },
    refresh,
    clear() {
      live.clear();
      rows.clear();
      list.replaceChildren();
      empty.textContent = 'Connect as a user to see their inbox.';
      empty.hidden = false;
      unread.hidden = true;
      readAll.hidden = true;
    },
  };
}

/** A notification's link comes from whoever sent it: `javascript:` must not run in this page. */
function safeLink(url: string): string {
  const target = URL.parse(url, location.href);
  return target !== null && ['http:', 'https:'].includes(target.protocol) ? target.href : '#';
}
