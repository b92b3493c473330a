import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import vm from 'node:vm';
import { describe, expect, it } from 'vitest';

const SCRIPT = stripTypeScriptTypes(readFileSync(new URL('./service-worker.ts', import.meta.url), 'utf8'));

/** The scope of a service worker, as far as the script looks at it. */
function runWorker(pages: { url: string }[] = []) {
  const handlers = new Map<string, (event: unknown) => void>();
  const shown: unknown[] = [];
  const opened: string[] = [];
  const focused: string[] = [];
  const messages: unknown[] = [];
  const subscribed: unknown[] = [];
  const scope = {
    URL,
    location: { href: 'https://app.example/sw.js' },
    registration: {
      showNotification: async (...args: unknown[]) => void shown.push(args),
      pushManager: { subscribe: async (options: unknown) => void subscribed.push(options) },
    },
    clients: {
      matchAll: async () =>
        pages.map(({ url }) => ({
          url,
          focus: async () => void focused.push(url),
          postMessage: (message: unknown) => void messages.push(message),
        })),
      openWindow: async (url: string) => void opened.push(url),
    },
    addEventListener: (type: string, handler: (event: unknown) => void) => void handlers.set(type, handler),
  };
  vm.runInNewContext(SCRIPT, scope);
  const fire = async (type: string, event: Record<string, unknown>): Promise<void> => {
    const work: Promise<unknown>[] = [];
    handlers.get(type)?.({ ...event, waitUntil: (promise: Promise<unknown>) => work.push(promise) });
    await Promise.all(work);
    expect(work).toHaveLength(1);
  };
  return { fire, shown, opened, focused, messages, subscribed };
}

const click = (data: unknown) => ({ notification: { close: () => undefined, data } });

describe('the service worker', () => {
  it('shows what was pushed, under its collapse key or its id', async () => {
    const { fire, shown } = runWorker();
    const pushed = { id: 'n1', deliveryId: 'd', type: 't', title: 'Hello', body: 'text', url: '/a', data: { n: 1 } };
    await fire('push', { data: { json: () => pushed } });
    await fire('push', { data: { json: () => ({ ...pushed, tag: 'room' }) } });
    expect(shown).toEqual([
      ['Hello', { tag: 'n1', body: 'text', data: { id: 'n1', url: '/a', data: { n: 1 } } }],
      ['Hello', { tag: 'room', body: 'text', data: { id: 'n1', url: '/a', data: { n: 1 } } }],
    ]);
  });

  it('shows something even for a push without content', async () => {
    const { fire, shown } = runWorker();
    await fire('push', { data: null });
    const json = () => {
      throw new SyntaxError('not JSON');
    };
    await fire('push', { data: { json } });
    expect(shown).toEqual([['New notification'], ['New notification']]);
  });

  it('goes to the page that shows the URL, or opens it', async () => {
    const open = runWorker([{ url: 'https://app.example/' }, { url: 'https://app.example/a' }]);
    await open.fire('notificationclick', click({ id: 'n1', url: '/a' }));
    expect(open.focused).toEqual(['https://app.example/a']);
    expect(open.messages).toEqual([{ type: 'belfry:notification-click', id: 'n1' }]);
    const elsewhere = runWorker([{ url: 'https://app.example/' }]);
    await elsewhere.fire('notificationclick', click({ id: 'n1', url: '/b' }));
    expect(elsewhere.opened).toEqual(['https://app.example/b']);
    const without = runWorker([{ url: 'https://app.example/any' }]);
    await without.fire('notificationclick', click(undefined));
    expect(without.focused).toEqual(['https://app.example/any']);
  });

  it('subscribes again with the same key, and tells the pages', async () => {
    const { fire, subscribed, messages } = runWorker([{ url: 'https://app.example/' }]);
    const applicationServerKey = new ArrayBuffer(65);
    await fire('pushsubscriptionchange', { oldSubscription: { options: { applicationServerKey } } });
    expect(subscribed).toEqual([{ userVisibleOnly: true, applicationServerKey }]);
    expect(messages).toEqual([{ type: 'belfry:subscription-changed' }]);
  });
});
