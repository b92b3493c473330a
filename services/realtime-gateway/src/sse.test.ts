import type { ServerFrame } from '@belfry/protocol/frames';
import { createAckTokens } from '@belfry/runtime';
import { EventSource } from 'eventsource';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { alice, COOKIE_SECRET, PAGE, SOON, testNotification, userToken } from './gateway.fixture.ts';
import { useGateways } from './use-gateways.fixture.ts';

const sources: EventSource[] = [];
const start = useGateways({ sseRetryMs: 50 });

afterEach(() => {
  for (const source of sources.splice(0)) source.close();
});

/** An EventSource that keeps cookies and the statuses of its answers, as a browser would. */
function openEvents(url: string, headers: Record<string, string> = {}) {
  let cookie: string | undefined;
  const setCookies: string[] = [];
  const statuses: number[] = [];
  const resumedFrom: (string | undefined)[] = [];
  const source = new EventSource(url, {
    fetch: async (input, init) => {
      const sent: Record<string, string> = { ...init.headers, ...headers, ...(cookie === undefined ? {} : { cookie }) };
      resumedFrom.push(sent['Last-Event-ID']);
      const response = await fetch(input, { ...init, headers: sent });
      statuses.push(response.status);
      for (const each of response.headers.getSetCookie()) {
        setCookies.push(each);
        cookie = each.split(';', 1)[0];
      }
      return response;
    },
  });
  sources.push(source);
  const frames: (ServerFrame & { readonly lastEventId: string })[] = [];
  for (const type of ['hello', 'notification', 'goodbye']) {
    source.addEventListener(type, (event) => {
      frames.push({ ...JSON.parse(event.data), lastEventId: event.lastEventId });
    });
  }
  const titles = (): string[] =>
    frames.flatMap((frame) => (frame.type === 'notification' ? [frame.notification.title] : []));
  return {
    source,
    frames,
    statuses,
    setCookies,
    resumedFrom,
    receives: (expected: readonly string[]) => vi.waitFor(() => expect(titles()).toEqual(expected), SOON),
    hello: () => vi.waitFor(() => expect(frames[0]?.type).toBe('hello'), SOON),
  };
}

describe('server-sent events', () => {
  it('answers as a stream that nothing on the way may keep', async () => {
    const gateway = await start();
    const stop = new AbortController();
    const response = await fetch(`${gateway.eventsUrl}?ticket=${gateway.ticket(alice)}`, {
      headers: { origin: PAGE },
      signal: stop.signal,
    });
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'access-control-allow-origin': PAGE,
      'access-control-allow-credentials': 'true',
    });
    let text = '';
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    while (reader && !text.includes('hello')) text += (await reader.read()).value ?? '';
    const hello =
      '{"type":"hello","cursor":"e1:0","recovered":true,"tenant":"default","user":"alice","heartbeatMs":15000,"ackToken":"…"}';
    const withoutToken = text.replace(/ack_[\w-]+\.[\w-]{43}/, '…');
    expect(withoutToken).toBe(`retry: 50\n\nid: e1:0\nevent: hello\ndata: ${hello}\n\n`);
    stop.abort();
  });

  it('says hello, brings notifications, and sends comments as heartbeats', async () => {
    const gateway = await start({ sseHeartbeatMs: 60 });
    const events = openEvents(gateway.eventsUrl, { authorization: `Bearer ${userToken('alice')}` });
    await events.hello();
    gateway.publish(alice, testNotification('one'));
    gateway.publish(alice, testNotification('lost'), 'lost');
    await events.receives(['one', 'lost']);
    expect(events.frames.map((frame) => frame.lastEventId)).toEqual(['e1:0', 'e1:1', 'e1:2']);
  });

  it('reconnects with the same ticket by its cookie, from its last event id', async () => {
    const gateway = await start();
    const events = openEvents(`${gateway.eventsUrl}?ticket=${gateway.ticket(alice)}`);
    await events.hello();
    expect(events.setCookies).toHaveLength(1);
    expect(events.setCookies[0]).toMatch(
      /^belfry-sse-[0-9a-f]{32}=[\w.-]+; Path=\/v1\/events; Expires=.+; HttpOnly; SameSite=Lax$/,
    );
    gateway.publish(alice, testNotification('one'));
    await events.receives(['one']);
    gateway.cut();
    gateway.publish(alice, testNotification('two'));
    await events.receives(['one', 'two']);
    expect(events.statuses).toEqual([200, 200]);
    expect(events.resumedFrom).toEqual([undefined, 'e1:1']);
  });

  it('gives its client a token to acknowledge with, as long as the connection may last, and a reconnect another', async () => {
    const gateway = await start({ ticketSessionMs: 60_000 });
    const tokens = createAckTokens(COOKIE_SECRET);
    const events = openEvents(`${gateway.eventsUrl}?ticket=${gateway.ticket(alice)}`);
    const startedMs = Date.now();
    await events.hello();
    gateway.cut();
    await vi.waitFor(() => expect(events.frames).toHaveLength(2), SOON);
    for (const frame of events.frames) {
      const owner = frame.type === 'hello' ? tokens.read(frame.ackToken ?? '', Date.now()) : undefined;
      expect(owner).toMatchObject(alice);
      expect(owner?.expiresAtMs).toBeGreaterThanOrEqual(startedMs + 60_000);
      expect(owner?.expiresAtMs).toBeLessThanOrEqual(Date.now() + 60_000);
    }
  });

  it('says goodbye when the gateway drains', async () => {
    const gateway = await start({ reconnectSpreadMs: 100 });
    const events = openEvents(gateway.eventsUrl, { authorization: `Bearer ${userToken('alice')}` });
    await events.hello();
    await gateway.service.drain?.(new AbortController().signal);
    await vi.waitFor(() => expect(events.frames.at(-1)?.type).toBe('goodbye'), SOON);
    await vi.waitFor(() => expect(events.statuses.at(-1)).toBe(503), SOON);
  });

  it('is told to stop by 204 where a used ticket comes without its cookie, or with another one', async () => {
    const gateway = await start();
    const url = `${gateway.eventsUrl}?ticket=${gateway.ticket(alice)}`;
    const first = openEvents(url);
    await first.hello();
    expect((await fetch(url)).status).toBe(204);
    const [cookie = ''] = first.setCookies[0]?.split(';') ?? [];
    expect((await fetch(url, { headers: { cookie: `${cookie}x` } })).status).toBe(204);
    const other = `${gateway.eventsUrl}?ticket=never-made`;
    expect((await fetch(other, { headers: { cookie } })).status).toBe(204);
    const good = new AbortController();
    expect((await fetch(url, { headers: { cookie }, signal: good.signal })).status).toBe(200);
    good.abort();
  });

  it.each(['lastEventId', 'cursor'])('resumes from ?%s= and prefers the Last-Event-ID header', async (name) => {
    const gateway = await start();
    for (const title of ['one', 'two', 'three']) gateway.publish(alice, testNotification(title));
    const authorization = `Bearer ${userToken('alice')}`;
    const url = `${gateway.eventsUrl}?${name}=${gateway.cursor(1)}`;
    await openEvents(url, { authorization }).receives(['two', 'three']);
    await openEvents(url, { authorization, 'Last-Event-ID': gateway.cursor(2) }).receives(['three']);
  });

  it.each(['lastEventId', 'cursor'])('takes an empty ?%s= for an absent one', async (name) => {
    const gateway = await start();
    gateway.publish(alice, testNotification('before'));
    const events = openEvents(`${gateway.eventsUrl}?${name}=`, { authorization: `Bearer ${userToken('alice')}` });
    await events.hello();
    expect(events.frames[0]).toMatchObject({ cursor: gateway.cursor(1), recovered: true });
    expect((await fetch(`${gateway.eventsUrl}?ticket=`)).status).toBe(401);
  });

  it('refuses other pages, no credential and bad ones with a problem document', async () => {
    const gateway = await start();
    const url = `${gateway.eventsUrl}?ticket=${gateway.ticket(alice)}`;
    const refused = await fetch(url, { headers: { origin: 'https://other.example' } });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: 'origin_not_allowed' });
    expect((await fetch(gateway.eventsUrl)).status).toBe(401);
    expect((await fetch(gateway.eventsUrl, { headers: { authorization: 'Bearer a.b.c' } })).status).toBe(401);
    gateway.streams.setDown(true);
    const down = await fetch(url);
    expect(down.status).toBe(503);
    expect(down.headers.get('retry-after')).toBe('5');
    gateway.streams.setDown(false);
    await openEvents(url).hello();
  });
});
