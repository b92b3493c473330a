import { createFakeClock } from '@belfry/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { createAckQueue } from './ack-queue.ts';
import { createApiRequest } from './api-request.ts';
import { createCredentials, subjectOf } from './credentials.ts';
import { createCursorStorage } from './cursor-storage.ts';
import { createInbox } from './inbox.ts';
import { createSeenIds } from './seen-ids.ts';

const TOKEN = `x.${Buffer.from('{"sub":"zoë"}').toString('base64url')}.x`;

/** `fetch` that keeps what it was asked and gives the answers of the list. */
function createFetch(...answers: { readonly status: number; readonly body?: unknown }[]) {
  const asked: {
    readonly method: string | undefined;
    readonly url: string;
    readonly body: unknown;
    readonly authorization: string | null;
  }[] = [];
  const send: typeof fetch = async (input, init) => {
    const { body } = init ?? {};
    asked.push({
      method: init?.method,
      url: String(input),
      body: typeof body === 'string' ? JSON.parse(body) : undefined,
      authorization: new Headers(init?.headers).get('authorization'),
    });
    const answer = answers.shift() ?? { status: 500 };
    return new Response(answer.body === undefined ? null : JSON.stringify(answer.body), { status: answer.status });
  };
  return { asked, send };
}

describe('seen ids', () => {
  it('remembers the last ones and forgets the oldest first', () => {
    const seen = createSeenIds(2);
    expect(['a', 'b', 'a', 'c', 'b', 'a'].map((id) => seen.add(id))).toEqual([true, true, false, true, false, true]);
  });
});

describe('the ack queue', () => {
  it('sends the acknowledgements of a moment together, and keeps what could not be sent', async () => {
    const clock = createFakeClock();
    const sent: string[][] = [];
    let works = false;
    const queue = createAckQueue({
      clock,
      send: async (ids) => {
        if (works) sent.push([...ids]);
        return works;
      },
    });
    queue.add('a');
    queue.add('b');
    queue.add('a');
    await clock.advance(100);
    expect(sent).toEqual([]);
    works = true;
    queue.add('c');
    await clock.advance(100);
    queue.flush();
    await clock.advance(100);
    expect(sent).toEqual([['a', 'b', 'c']]);
  });
});

describe('the cursor', () => {
  it('is kept where it may be kept, and in memory otherwise', () => {
    const items = new Map<string, string>();
    const storage = {
      getItem: (key: string) => items.get(key) ?? null,
      setItem: (key: string, value: string) => void items.set(key, value),
      removeItem: (key: string) => void items.delete(key),
    };
    createCursorStorage(storage, 'http://a', 'alice').set('e:1');
    expect(createCursorStorage(storage, 'http://a', 'alice').get()).toBe('e:1');
    expect(createCursorStorage(storage, 'http://a', 'bob').get()).toBeUndefined();
    const forbidden = () => {
      throw new Error('storage is forbidden');
    };
    const inMemory = createCursorStorage({ getItem: forbidden, setItem: forbidden, removeItem: forbidden }, 'a', 'b');
    inMemory.set('e:2');
    expect(inMemory.get()).toBe('e:2');
  });
});

describe('the API', () => {
  it('is asked with the token, and the user is its subject', async () => {
    const { asked, send } = createFetch(
      { status: 200, body: { items: [], unread: 0 } },
      { status: 200, body: { read: 4 } },
    );
    const request = createApiRequest({ baseUrl: 'https://push.example', getToken: () => TOKEN, fetch: send });
    const inbox = createInbox(request, createCredentials({ getToken: () => TOKEN }, request));
    expect(await inbox.read({ limit: 5, cursor: 'e:7' })).toEqual({ items: [], unread: 0 });
    expect(await inbox.markRead('all')).toBe(4);
    const url = 'https://push.example/v1/users/zo%C3%AB/inbox';
    const authorization = `Bearer ${TOKEN}`;
    expect(asked).toEqual([
      { method: 'GET', url: `${url}?cursor=e%3A7&limit=5`, body: undefined, authorization },
      { method: 'POST', url: `${url}/read`, body: { all: true }, authorization },
    ]);
  });

  it('rejects with the code of the problem', async () => {
    const { send } = createFetch({ status: 403, body: { code: 'forbidden', detail: 'no' } }, { status: 502 });
    const request = createApiRequest({ baseUrl: 'https://push.example', fetch: send });
    await expect(request('GET', '/v1/x')).rejects.toMatchObject({ status: 403, code: 'forbidden' });
    await expect(request('GET', '/v1/x')).rejects.toMatchObject({ status: 502, code: 'unknown' });
  });

  it('makes a ticket with the token where the page has none', async () => {
    const { asked, send } = createFetch({ status: 201, body: { ticket: 't' } });
    const request = createApiRequest({ baseUrl: 'https://push.example', getToken: () => TOKEN, fetch: send });
    expect(await createCredentials({ getToken: () => TOKEN }, request).ticket()).toBe('t');
    expect(asked[0]).toMatchObject({ url: 'https://push.example/v1/connection-tickets', body: { user: 'zoë' } });
  });

  it.each(['', 'a', 'a.b.c', `a.${btoa('{"sub":7}')}.c`])('reads no subject out of %j', (token) => {
    expect(subjectOf(token)).toBeUndefined();
  });
});
