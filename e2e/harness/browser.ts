import { type Browser, type BrowserContext, chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Headless Chromium with a profile of its own, which is gone when it is closed. */
export function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}

/**
 * Stands in for the browser's push service, which a test cannot reach: `subscribe` gets its subscription from the test, which holds the keys. Everything
 * else, the service worker included, stays the browser's own.
 */
export async function stubPushSubscription(
  context: BrowserContext,
  subscribe: (applicationServerKey: string) => unknown,
): Promise<void> {
  await context.exposeFunction('subscribeInTest', subscribe);
  await context.addInitScript({
    content: `
      let current = null;
      PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
        const bytes = new Uint8Array(applicationServerKey);
        const key = btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
        const json = await globalThis.subscribeInTest(key);
        current = {
          endpoint: json.endpoint,
          options: { userVisibleOnly: true, applicationServerKey: bytes.buffer },
          toJSON: () => json,
          unsubscribe: async () => { current = null; return true; },
        };
        return current;
      };
      PushManager.prototype.getSubscription = async () => current;
    `,
  });
}
