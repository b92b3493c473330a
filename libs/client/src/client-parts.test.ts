import { createFakeClock } from '@belfry/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { createAckQueue } from './ack-queue.ts';
import { createApiRequest } from './api-request.ts';
import { claimsOf, createCredentials } from './credentials.ts';
import { createInbox } from './inbox.ts';
import { createSeenIds } from './seen-ids.ts';

const tokenOf = (claims: object) => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
const TOKEN = tokenOf({ sub: 'zoë' });

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
    seen.clear();
    expect(seen.add('a')).toBe(true);
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
    queue.add('of another user');
    queue.clear();
    await clock.advance(100);
    expect(sent).toHaveLength(1);
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
    expect(await createCredentials({ getToken: () => TOKEN }, request).ticket()).toMatchObject({ ticket: 't' });
    expect(asked[0]).toMatchObject({ url: 'https://push.example/v1/connection-tickets', body: { user: 'zoë' } });
  });

  it.each(['', 'a', 'a.b.c', `a.${btoa('{"sub":7}')}.c`])('reads no subject out of %j', (token) => {
    expect(claimsOf(token)).toEqual({});
  });

  it.each([
    ['a token', { getToken: () => TOKEN }, { user: 'zoë', account: 'zo%C3%AB' }],
    [
      'a token of a tenant',
      { getToken: () => tokenOf({ sub: 'a/b', tenant: 'c' }) },
      { user: 'a/b', account: 'c/a%2Fb' },
    ],
    ['the page', { user: 'zoë', getTicket: () => 't' }, { user: 'zoë', account: 'zo%C3%AB' }],
    ['a token that is not of whom the page thinks', { user: 'bob', getToken: () => TOKEN }, { account: 'zo%C3%AB' }],
  ])('knows whose credentials they are from %s', async (_, options, expected) => {
    const { send } = createFetch();
    const request = createApiRequest({ baseUrl: 'https://push.example', fetch: send });
    expect(await createCredentials(options, request).identity()).toMatchObject(expected);
  });

  it('does not know whose a ticket is', async () => {
    const { send } = createFetch();
    const request = createApiRequest({ baseUrl: 'https://push.example', fetch: send });
    const credentials = createCredentials({ getTicket: () => 't' }, request);
    await expect(credentials.identity()).rejects.toThrow('`user` is needed');
    expect(await credentials.ticket()).toEqual({ ticket: 't', account: undefined });
    expect(await credentials.forConnection()).toEqual({ credential: { ticket: 't' }, account: undefined });
  });
});
