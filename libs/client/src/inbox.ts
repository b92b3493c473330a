import type { ClientNotification } from '@belfry/protocol/frames';
import type { ApiRequest } from './api-request.ts';
import type { Credentials } from './credentials.ts';

export type InboxEntry = ClientNotification & {
  readonly cursor: string;
  readonly read: boolean;
  readonly readAt?: string;
  readonly status: string;
};

export type InboxPage = {
  /** Newest first. */
  readonly items: readonly InboxEntry[];
  /** In the whole inbox. */
  readonly unread: number;
  /** For the next page; undefined on the last. */
  readonly next?: string;
};

export type Inbox = {
  read(page?: { readonly cursor?: string; readonly limit?: number }): Promise<InboxPage>;
  /** Returns how many became read. */
  markRead(ids: readonly string[] | 'all'): Promise<number>;
};

export function createInbox(request: ApiRequest, credentials: Credentials): Inbox {
  const pathOf = async (): Promise<string> => `/v1/users/${encodeURIComponent(await credentials.user())}/inbox`;
  return {
    async read({ cursor, limit } = {}) {
      const query = new URLSearchParams();
      if (cursor !== undefined) query.set('cursor', cursor);
      if (limit !== undefined) query.set('limit', String(limit));
      return (await request('GET', `${await pathOf()}?${query}`)) as InboxPage;
    },
    async markRead(ids) {
      const answer = await request('POST', `${await pathOf()}/read`, ids === 'all' ? { all: true } : { ids });
      return Number(answer.read ?? 0);
    },
  };
}
