import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';

export type ConsolePage = {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What must not have happened: exceptions, and lines in the browser's console that tell neither of an answer of 400 and above nor of a server that is away. */
  readonly complaints: readonly string[];
  /** Requests with an Authorization header that no page is given one for. */
  readonly authorized: readonly string[];
  connect(user: string, transport?: 'auto' | 'websocket' | 'sse'): Promise<void>;
  /** Fills in what is given and sends. */
  send(fields: {
    readonly user?: string;
    readonly title?: string;
    readonly channels?: readonly string[];
  }): Promise<void>;
  addDevice(channel: 'webpush' | 'fcm', behaviour: string): Promise<Locator>;
  /** The card of the notification with this title. */
  card(title: string): Locator;
  delivery(title: string, channel: string, status: string): Locator;
  screenshot(name: string): Promise<void>;
};

/** Generous: the machine may be busy. */
const TIMEOUT_MS = 20_000;
/** Answers of 400 and above, and a server that is away: a published port of a container resets or drops connections, where a process refuses them. */
const EXPECTED =
  /the server responded with a status of [45]|ERR_CONNECTION_(?:REFUSED|RESET|CLOSED)|ERR_SOCKET_NOT_CONNECTED|ERR_EMPTY_RESPONSE/;
/** Of each stack its own. */
const SCREENSHOTS = fileURLToPath(
  new URL(`../.screenshots/${process.env.BELFRY_STACK || 'standalone'}/`, import.meta.url),
);

/** A browser of its own (no cookie, no storage) on the console. `prepare` runs before the page does. */
export async function openConsole(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  prepare: (context: BrowserContext) => Promise<void> = async () => {},
): Promise<ConsolePage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, ...options });
  context.setDefaultTimeout(TIMEOUT_MS);
  await prepare(context);
  const page = await context.newPage();
  const complaints: string[] = [];
  const authorized: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !EXPECTED.test(message.text())) complaints.push(message.text());
  });
  page.on('request', (request) => {
    const { authorization = '' } = request.headers();
    // What an event stream gives to whoever listens, to acknowledge with.
    if (authorization !== '' && !authorization.startsWith('Bearer ack_')) authorized.push(request.url());
  });
  await page.goto(url);
  await page.locator('#feed[data-tone=good]').waitFor();

  const card = (title: string): Locator => page.locator('#cards > .card', { hasText: title }).first();
  return {
    page,
    context,
    complaints,
    authorized,
    async connect(user, transport = 'auto') {
      await page.locator('#receive-user').fill(user);
      await page.locator('#receive-form [name=transport]').selectOption(transport);
      await page.getByRole('button', { name: 'Connect', exact: true }).click();
      await page.locator('#connection[data-tone=good]').waitFor();
    },
    async send({ user, title, channels }) {
      if (user !== undefined) await page.locator('#send-form [name=user]').fill(user);
      if (title !== undefined) await page.locator('#send-form [name=title]').fill(title);
      for (const channel of channels === undefined ? [] : ['realtime', 'webpush', 'fcm']) {
        await page.locator(`[name=channels][value=${channel}]`).setChecked(channels?.includes(channel) ?? true);
      }
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      if (title !== undefined) await card(title).waitFor();
    },
    async addDevice(channel, behaviour) {
      const devices = page.locator('#devices > li');
      const before = await devices.count();
      await page.locator('#simulate-form [name=channel]').selectOption(channel);
      await page.locator('#simulate-form [name=behaviour]').selectOption(behaviour);
      await page.getByRole('button', { name: 'Add', exact: true }).click();
      await devices.nth(before).waitFor();
      return devices.nth(before);
    },
    card,
    delivery: (title, channel, status) =>
      card(title).locator(`.delivery[data-channel=${channel}][data-status=${status}]`),
    async screenshot(name) {
      await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, animations: 'disabled' });
    },
  };
}
