/// <reference lib="dom" />
// A script of its own, without imports: it is served as it is and runs in the background of the page's origin, also when no page is open.

/** What a push carries: made by the Web Push channel. `trimmed` says that it did not fit whole. */
type PushedNotification = {
  readonly id: string;
  readonly type: string;
  readonly title: string;
  readonly body?: string;
  readonly icon?: string;
  readonly url?: string;
  readonly tag?: string;
  readonly data?: unknown;
};

/** The parts of the Service Worker and Push APIs (W3C) that are used here; TypeScript's own types of them exclude those of a page. */
type ExtendableEvent = Event & { waitUntil(work: Promise<unknown>): void };
type PushEvent = ExtendableEvent & { readonly data: { json(): unknown } | null };
type NotificationEvent = ExtendableEvent & { readonly notification: Notification };
type SubscriptionChange = ExtendableEvent & { readonly oldSubscription: PushSubscription | null };
type WindowClient = { readonly url: string; focus(): Promise<unknown>; postMessage(message: unknown): void };
type WorkerScope = {
  readonly location: { readonly href: string };
  readonly registration: ServiceWorkerRegistration;
  readonly clients: {
    matchAll(options: { type: 'window'; includeUncontrolled: boolean }): Promise<readonly WindowClient[]>;
    openWindow(url: string): Promise<unknown>;
  };
  addEventListener(type: 'push', listener: (event: PushEvent) => void): void;
  addEventListener(type: 'notificationclick', listener: (event: NotificationEvent) => void): void;
  addEventListener(type: 'pushsubscriptionchange', listener: (event: SubscriptionChange) => void): void;
};

const worker = globalThis as unknown as WorkerScope;

const pages = (): Promise<readonly WindowClient[]> =>
  worker.clients.matchAll({ type: 'window', includeUncontrolled: true });

const readPush = (event: PushEvent): PushedNotification | undefined => {
  try {
    return event.data?.json() as PushedNotification;
  } catch {
    return undefined;
  }
};

worker.addEventListener('push', (event) => {
  const pushed = readPush(event);
  // The browser was promised (`userVisibleOnly`) that every push shows something, and may withdraw the permission otherwise.
  if (pushed === undefined) return event.waitUntil(worker.registration.showNotification('New notification'));
  const { id, title, body, icon, url, tag, data } = pushed;
  const show = worker.registration.showNotification(title, {
    // The same notification again, or a newer one with its collapse key, takes the place of what is shown.
    tag: tag ?? id,
    data: { id, url, data },
    ...(body === undefined ? {} : { body }),
    ...(icon === undefined ? {} : { icon }),
  });
  event.waitUntil(show);
});

worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const { id, url }: { id?: string; url?: string } = event.notification.data ?? {};
  const target = new URL(url ?? '/', worker.location.href).href;
  const go = async (): Promise<void> => {
    const open = await pages();
    const page = open.find((each) => each.url === target) ?? (url === undefined ? open[0] : undefined);
    page?.postMessage({ type: 'belfry:notification-click', id });
    if (page === undefined) await worker.clients.openWindow(target);
    else await page.focus();
  };
  event.waitUntil(go());
});

worker.addEventListener('pushsubscriptionchange', (event) => {
  const renew = async (): Promise<void> => {
    const key = event.oldSubscription?.options.applicationServerKey;
    if (key) await worker.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    // Only a page knows who the user is. One that is open registers the new address now, otherwise the next one that starts does.
    for (const page of await pages()) page.postMessage({ type: 'belfry:subscription-changed' });
  };
  event.waitUntil(renew());
});
