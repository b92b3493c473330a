import { type BelfryClient, type ClientState, createBelfryClient, type TransportKind } from '@belfry/client';
import type { Receipt } from '@belfry/protocol/receipt';
import { call, describeProblem, fetchThroughConsole } from './api.ts';
import { createConnectionState } from './connection-state.ts';
import { createDevicesView } from './devices-view.ts';
import { find, whileBusy } from './dom.ts';
import { createInboxView } from './inbox-view.ts';
import { createNotice } from './notice.ts';

export type ReceivePane = { onReceipts(receipts: readonly Receipt[]): void; refresh(): void };

const SERVICE_WORKER = '/console/service-worker.js';

/** One user's side: the live connection by the browser SDK, the inbox, and the devices. */
export function createReceivePane(): ReceivePane {
  const form = find('receive-form', HTMLFormElement);
  const userField = find('receive-user', HTMLInputElement);
  const connect = find('connect', HTMLButtonElement);
  const enablePush = find('enable-push', HTMLButtonElement);
  const notice = createNotice(find('receive-notice', HTMLElement));
  const pushNotice = createNotice(find('push-notice', HTMLElement));
  const connection = createConnectionState(find('connection', HTMLElement));
  let client: BelfryClient | undefined;
  let user = userField.value.trim();

  const inbox = createInboxView({ client: () => client });
  const devices = createDevicesView({ user: () => user });

  const onState = (state: ClientState): void => {
    connection.show(state);
    // A gap that cannot be replayed is mended from the inbox, and so is what came before the connection.
    if (state.state === 'connected') inbox.refresh();
  };

  const disconnect = (): void => {
    client?.close();
    client = undefined;
    connect.textContent = 'Connect';
    connect.classList.add('primary');
    enablePush.disabled = true;
    userField.disabled = false;
    connection.idle();
    inbox.clear();
  };

  const open = (transport: 'auto' | TransportKind): void => {
    const connected = user;
    const created: BelfryClient = createBelfryClient({
      baseUrl: location.origin,
      user: connected,
      transport,
      storage: storageOf(connected),
      fetch: fetchThroughConsole,
      getTicket: () => ticketFor(connected),
      onStateChange: onState,
      onNotification: ({ id }) => inbox.arrived(id),
    });
    client = created;
    connect.textContent = 'Disconnect';
    connect.classList.remove('primary');
    enablePush.disabled = false;
    userField.disabled = true;
    created.connect();
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    notice.clear();
    if (client !== undefined) return disconnect();
    user = userField.value.trim();
    if (user === '') return notice.complain('Whose notifications? Enter a user.');
    open(new FormData(form).get('transport') as 'auto' | TransportKind);
    devices.refresh();
  });
  userField.addEventListener('change', () => {
    user = userField.value.trim();
    devices.refresh();
  });
  enablePush.addEventListener('click', () => {
    void whileBusy(enablePush, async () => {
      try {
        const result = await client?.enableWebPush({ serviceWorkerUrl: SERVICE_WORKER });
        if (result?.enabled === true) pushNotice.say('This browser is a device now.');
        else if (result?.reason === 'denied') pushNotice.complain('The browser was not allowed to show notifications.');
        else pushNotice.complain('This browser has no Web Push here. It needs https or localhost.');
      } catch (error) {
        pushNotice.complain(error instanceof Error ? error.message : String(error));
      }
      devices.refresh();
    });
  });

  connection.idle();
  devices.refresh();
  return {
    onReceipts(receipts) {
      const own = receipts.filter(({ recipient }) => recipient === user);
      if (own.some(({ channel, state }) => channel === 'realtime' && state !== 'sent')) inbox.refresh();
      if (own.some(({ channel, outcome }) => channel !== 'realtime' && outcome !== undefined)) devices.refresh();
    },
    refresh() {
      devices.refresh();
      inbox.refresh();
    },
  };
}

async function ticketFor(user: string): Promise<string> {
  const answer = await call<{ readonly ticket: string }>('POST', '/v1/connection-tickets', { user });
  if (!answer.ok) throw new Error(describeProblem(answer.problem));
  return answer.value.ticket;
}

/** The SDK's memory, apart for each user that this page plays. */
function storageOf(user: string): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  const keyOf = (key: string): string => `${user}/${key}`;
  return {
    getItem: (key) => sessionStorage.getItem(keyOf(key)),
    setItem: (key, value) => sessionStorage.setItem(keyOf(key), value),
    removeItem: (key) => sessionStorage.removeItem(keyOf(key)),
  };
}
