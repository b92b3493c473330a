import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeNeeding, findChromium } from '@belfry/testing/need';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { createApi } from './harness/api.ts';
import { launchBrowser, stubPushSubscription } from './harness/browser.ts';
import { type ConsolePage, openConsole } from './harness/console-page.ts';
import { type Belfry, launchBelfry } from './harness/launch-belfry.ts';
import { type Providers, startProviders } from './harness/providers.ts';
import { waitUntil } from './harness/wait-until.ts';

/** A browser on a busy machine: the waits inside give up first and say what they waited for. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 });

/** The longest pause between two tries of the SDK, and then some: containers are away long enough for it to come to that. */
const RECONNECTED_WITHIN_MS = 80_000;
/** Of a stack of containers with that. */
const RESTARTED_WITHIN_MS = 300_000;

describeNeeding('browser', findChromium(), 'the console', (executablePath) => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'belfry-console-'));
  let providers: Providers;
  let belfry: Belfry;
  let browser: Browser;
  let shown: ConsolePage | undefined;

  const launch = (port?: number): Promise<Belfry> => {
    const { NODE_EXTRA_CA_CERTS = '', BELFRY_WEBPUSH_ALLOWED_HOSTS = '' } = providers.env;
    const env = { NODE_EXTRA_CA_CERTS, BELFRY_WEBPUSH_ALLOWED_HOSTS, BELFRY_RETRY_WEBPUSH: '2s,2s' };
    return launchBelfry({ dataDirectory, env, ...(port === undefined ? {} : { port }) });
  };
  const open = async (...rest: Parameters<typeof openConsole> extends [unknown, unknown, ...infer R] ? R : never) => {
    shown = await openConsole(browser, belfry.url, ...rest);
    return shown;
  };

  beforeAll(async () => {
    providers = await startProviders();
    [belfry, browser] = await Promise.all([launch(), launchBrowser(executablePath)]);
  });
  afterEach(async () => {
    const { complaints = [], authorized = [] } = shown ?? {};
    await shown?.context.close();
    shown = undefined;
    expect(complaints).toEqual([]);
    // A browser never holds an API key.
    expect(authorized).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await belfry?.stop();
    await providers?.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  });

  it('says what to do while there is nothing', async () => {
    const { page, screenshot } = await open();
    for (const text of ['Connect as a user', 'No device yet', 'Nothing yet. Send a notification']) {
      await page.getByText(text).waitFor();
    }
    await page.getByRole('tab', { name: 'Timeline' }).press('ArrowRight');
    await page.getByText('No dead letters.').waitFor();
    await page.getByRole('tab', { name: 'Dead letters' }).press('ArrowLeft');
    await screenshot('1-empty');
  });

  it.each(['websocket', 'sse'] as const)(
    'brings a notification to the inbox over %s, and knows when it is read',
    async (transport) => {
      const user = `reader-${transport}`;
      const { page, connect, send, delivery } = await open();
      await connect(user, transport);
      await page.getByText(transport === 'sse' ? 'Connected over SSE' : 'Connected over WebSocket').waitFor();
      await send({ user, title: `Hello over ${transport}` });
      await page.locator('#inbox > .arrived', { hasText: `Hello over ${transport}` }).waitFor();
      await page.getByText('1 unread').waitFor();
      await delivery(`Hello over ${transport}`, 'realtime', 'delivered').waitFor();

      await page.getByRole('button', { name: 'Mark read', exact: true }).click();
      await page.locator('#inbox-unread').waitFor({ state: 'hidden' });
      await delivery(`Hello over ${transport}`, 'realtime', 'read').waitFor();
      expect(await page.locator('#inbox > li').count()).toBe(1);
    },
  );

  it('sends a hundred, and marks all of them read at once', async () => {
    const { page, connect } = await open();
    await connect('busy');
    await page.locator('#send-form [name=user]').fill('busy');
    await page.getByRole('button', { name: 'Send 100' }).click();
    await page.getByText('100 unread').waitFor();
    await page.getByRole('button', { name: 'Mark all read' }).click();
    await page.locator('#inbox-unread').waitFor({ state: 'hidden' });
    // The page keeps the newest; all of them come to rest.
    await waitUntil(async () => (await page.locator('#cards > .card[data-status=read]').count()) === 60);
  });

  it('shows the link of an invoice that an upstream has made, and the link opens a PDF', async () => {
    const { page, context, connect, card, screenshot } = await open();
    await connect('paying');
    await page.locator('#send-form [name=user]').fill('paying');
    await page.getByRole('button', { name: 'Invoice' }).click();
    const link = page.locator('#inbox > li', { hasText: 'is ready' }).getByRole('link', { name: 'Open' });
    const address = (await link.getAttribute('href')) ?? '';
    await card('is ready').waitFor();
    const response = await context.request.get(address);
    expect(response.headers()['content-type']).toBe('application/pdf');
    expect((await response.body()).subarray(0, 5).toString()).toBe('%PDF-');
    await screenshot('2-invoice');
  });

  it('makes this browser a device: the payload that was sent is what its service worker shows', async () => {
    const { webpush } = providers.simulator;
    let endpoint = '';
    const { page, context, connect, send, delivery } = await open({ permissions: ['notifications'] }, (prepared) =>
      stubPushSubscription(prepared, (applicationServerKey) => {
        const subscription = webpush.subscribe(applicationServerKey);
        endpoint = subscription.endpoint;
        return subscription;
      }),
    );
    const devtools = await context.newCDPSession(page);
    const registrations: string[] = [];
    devtools.on('ServiceWorker.workerRegistrationUpdated', (event) => {
      for (const { registrationId, isDeleted } of event.registrations)
        if (!isDeleted) registrations.push(registrationId);
    });
    await devtools.send('ServiceWorker.enable');

    await connect('pushed');
    await page.getByRole('button', { name: 'Enable Web Push here' }).click();
    await page.getByText('This browser is a device now.').waitFor();
    await page.locator('#devices > li[data-channel=webpush]').waitFor();
    await send({ user: 'pushed', title: 'To the service worker', channels: ['webpush'] });
    await delivery('To the service worker', 'webpush', 'delivered').waitFor();

    const [message] = webpush.recorder.received(webpush.targetOf(endpoint));
    const id = await page.locator('#cards > .card').first().getAttribute('data-id');
    expect(JSON.parse(message?.payload ?? '')).toMatchObject({ id, title: 'To the service worker' });
    const registrationId = await waitUntil(() => registrations.at(-1));
    // A message for a service worker that is still being installed is nowhere afterwards.
    await waitUntil(() =>
      page.evaluate<boolean>(`navigator.serviceWorker.getRegistration('/console/')
        .then((registration) => registration.active?.state === 'activated')`),
    );
    const push = { origin: belfry.url, registrationId, data: message?.payload ?? '' };
    type Shown = { readonly title: string; readonly tag: string; readonly body: string };
    // One that comes while the browser starts or stops the worker is nowhere either, so it comes again; its tag makes it one notification.
    const notification = await waitUntil(
      async () => {
        await devtools.send('ServiceWorker.deliverPushMessage', push);
        const all = await page.evaluate<Shown[]>(`navigator.serviceWorker.getRegistration('/console/')
          .then((registration) => registration.getNotifications())
          .then((all) => all.map(({ title, tag, body }) => ({ title, tag, body })))`);
        return all[0];
      },
      { everyMs: 1_000 },
    );
    expect(notification).toMatchObject({ title: 'To the service worker', tag: id });
  });

  it('counts down to the retries of a device that fails twice, and shows that it got the message then', async () => {
    const { page, connect, send, addDevice, card, delivery, screenshot } = await open();
    await connect('patient');
    const device = await addDevice('webpush', 'fails-twice');
    await addDevice('fcm', 'works');
    // An acknowledgement over realtime would end the retries.
    await send({ user: 'patient', title: 'At the third attempt', channels: ['webpush', 'fcm'] });
    await card('At the third attempt')
      .locator('.delivery .countdown', { hasText: /retry due in [12] s/ })
      .waitFor();
    await screenshot('3-retrying');
    const arrived = delivery('At the third attempt', 'webpush', 'delivered');
    await arrived.waitFor();
    const attempts = await arrived.locator('.attempts > li').all();
    const outcomes = await Promise.all(attempts.map((attempt) => attempt.getAttribute('data-outcome')));
    expect(outcomes).toEqual(['retry', 'retry', 'delivered']);
    await device.getByText('received 1 message').waitFor();
    await page.locator('#devices > li[data-channel=fcm]').getByText('At the third attempt').waitFor();
  });

  it('dead-letters what always fails, and redrives it from the list and from the card', async () => {
    const { page, connect, send, addDevice, delivery, card, screenshot } = await open();
    await connect('unlucky');
    const device = await addDevice('webpush', 'always-fails');
    for (const title of ['First loss', 'Second loss']) {
      await send({ user: 'unlucky', title, channels: ['webpush'] });
      await delivery(title, 'webpush', 'dead-lettered').waitFor();
    }
    await page.getByRole('tab', { name: /Dead letters/ }).click();
    const cause = page.locator('#letters > li', { hasText: 'Web Push' });
    await cause.locator('.number', { hasText: '2' }).waitFor();
    await cause.getByRole('button', { name: 'Dry run' }).click();
    await page.getByText('2 of 2 would be sent again').waitFor();
    await screenshot('4-dead-letters');

    await page.getByRole('tab', { name: 'Timeline' }).click();
    await device.getByRole('combobox').selectOption('works');
    await card('Second loss').getByRole('button', { name: 'Redrive' }).click();
    await delivery('Second loss', 'webpush', 'delivered').waitFor();
    await card('Second loss').getByText('redrive 1, attempt').waitFor();
    await page.getByRole('tab', { name: /Dead letters/ }).click();
    await cause.locator('.number', { hasText: '1' }).waitFor();
    await cause.getByRole('button', { name: 'Redrive' }).click();
    await page.getByText('1 sent again').waitFor();
    await page.getByText('No dead letters.').waitFor();
    await page.getByRole('tab', { name: 'Timeline' }).click();
    await delivery('First loss', 'webpush', 'delivered').waitFor({ state: 'attached' });
    await device.getByText('received 2 messages').waitFor();
  });

  it('cancels what waits for a throttled device, and shows a device that is gone as gone', async () => {
    const { page, connect, send, addDevice, delivery, card } = await open();
    await connect('hesitant');
    const device = await addDevice('webpush', 'throttled');
    await send({ user: 'hesitant', title: 'Never mind', channels: ['webpush'] });
    await delivery('Never mind', 'webpush', 'retrying').waitFor();
    await card('Never mind').getByRole('button', { name: 'Cancel' }).click();
    await delivery('Never mind', 'webpush', 'cancelled').waitFor();
    await device.getByText('has received nothing yet').waitFor();

    await device.getByRole('combobox').selectOption('gone');
    await send({ user: 'hesitant', title: 'Nobody there' });
    await device.getByText('gone: Belfry has removed it').waitFor();
    await device.getByRole('button', { name: /Remove/ }).click();
    await page.getByText('No device yet').waitFor();
  });

  it('names the field and the limit of what the API refuses', async () => {
    const { page, send } = await open();
    await page.locator('#send-form [name=title]').fill('x'.repeat(257));
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.locator('#send-notice', { hasText: /title.*256/ }).waitFor();
    await send({ title: 'Fine now' });
    await page.getByText('Accepted: it is durable now.').waitFor();
  });

  it('reconnects after a restart of the server and misses nothing', { timeout: RESTARTED_WITHIN_MS }, async () => {
    const { page, connect, send } = await open();
    await connect('steady', 'websocket');
    await send({ user: 'steady', title: 'Before' });
    await page.locator('#inbox > .arrived', { hasText: 'Before' }).waitFor();
    await belfry.end('SIGTERM');
    await page.locator('#connection:not([data-tone=good])').waitFor();
    await page.getByText('Waiting for Belfry').waitFor();
    belfry = await launch(belfry.port);
    const api = createApi(belfry.url);
    for (const title of ['While away 1', 'While away 2', 'While away 3']) {
      await api.post('/v1/notifications', { to: { users: ['steady'] }, type: 't', title });
    }
    await page.getByText('Connected over WebSocket', { exact: true }).waitFor({ timeout: RECONNECTED_WITHIN_MS });
    await page.locator('#feed[data-tone=good]').waitFor({ timeout: RECONNECTED_WITHIN_MS });
    // `arrived`: over the live connection, by its cursor, not only read from the inbox.
    await waitUntil(async () => (await page.locator('#inbox > .arrived', { hasText: 'While away' }).count()) === 3);
    expect(await page.locator('#inbox > li').count()).toBe(4);
    await send({ title: 'After' });
    await page.locator('#inbox > .arrived', { hasText: 'After' }).waitFor();
  });

  it.each([
    { name: '5-dark', width: 1440, colorScheme: 'dark' },
    { name: '6-narrow', width: 380, colorScheme: 'light' },
    { name: '7-narrow-dark', width: 380, colorScheme: 'dark' },
    { name: '8-tablet', width: 900, colorScheme: 'light' },
  ] as const)('fits $width pixels, $colorScheme', async ({ name, width, colorScheme }) => {
    const { page, connect, send, addDevice, delivery, screenshot } = await open({
      viewport: { width, height: 900 },
      colorScheme,
    });
    await connect(name);
    await addDevice('webpush', 'always-fails');
    await addDevice('fcm', 'works');
    await send({ user: name, title: 'A title that is rather long for a telephone', channels: ['webpush', 'fcm'] });
    await delivery('A title', 'webpush', 'retrying').waitFor();
    const [content, window] = await page.evaluate<number[]>('[document.documentElement.scrollWidth, innerWidth]');
    expect(content).toBeLessThanOrEqual(window ?? 0);
    await screenshot(name);
    await page.locator('#watch-pane').scrollIntoViewIfNeeded();
    await screenshot(`${name}-watch`);
  });
});
