import { call, describeProblem } from './api.ts';
import { coalesce } from './coalesce.ts';
import { button, create, find, whileBusy } from './dom.ts';
import { channelName, count, formatTime } from './format.ts';
import { shortDevice } from './ledger.ts';
import { createNotice } from './notice.ts';

export type DevicesView = { refresh(): void };

type Device = { readonly id: string; readonly channel: string; readonly host: string };
type Received = {
  readonly atMs: number;
  readonly title: string;
  readonly facts: readonly string[];
};
type Simulated = {
  readonly id: string;
  readonly channel: string;
  readonly behaviour: string;
  readonly received: readonly Received[];
};

/** What the console's backend lists of each device. */
const RECEIVED_SHOWN = 20;

/** A user's devices: real and simulated ones, what the simulated ones do and what they got. */
export function createDevicesView({ user }: { user: () => string }): DevicesView {
  const list = find('devices', HTMLElement);
  const empty = find('devices-empty', HTMLElement);
  const form = find('simulate-form', HTMLFormElement);
  const add = find('simulate', HTMLButtonElement);
  const behaviourField = find('simulate-behaviour', HTMLSelectElement);
  const notice = createNotice(find('devices-notice', HTMLElement));
  let shown = '';

  const send = async (method: string, path: string, body?: unknown): Promise<boolean> => {
    const answer = await call(method, path, body);
    if (answer.ok) notice.clear();
    else notice.complain(describeProblem(answer.problem));
    refresh();
    return answer.ok;
  };

  const behaviourSelect = (device: Simulated): HTMLSelectElement => {
    const select = create(
      'select',
      { 'aria-label': `What ${channelName(device.channel)} does` },
      ...[...behaviourField.options].map((option) =>
        create('option', { value: option.value, selected: option.value === device.behaviour }, option.text),
      ),
    );
    select.addEventListener('change', () => {
      void send('PUT', `/simulated-devices/${encodeURIComponent(device.id)}`, { behaviour: select.value });
    });
    return select;
  };

  const row = (id: string, channel: string, device: Device | undefined, simulated: Simulated | undefined) => {
    const path =
      simulated === undefined
        ? `/v1/users/${encodeURIComponent(user())}/devices/${encodeURIComponent(id)}`
        : `/simulated-devices/${encodeURIComponent(id)}`;
    const remove = button(
      'Remove',
      'quiet',
      () => void whileBusy(remove, async () => void (await send('DELETE', path))),
    );
    remove.setAttribute('aria-label', `Remove this ${channelName(channel)} device`);
    const kind =
      device === undefined ? 'gone: Belfry has removed it' : simulated === undefined ? device.host : 'simulated';
    return create(
      'li',
      { 'data-id': id, 'data-channel': channel },
      create(
        'div',
        { class: 'device' },
        create(
          'span',
          { class: 'headline' },
          create('strong', {}, channelName(channel)),
          create('span', { class: 'faint' }, kind, ' ', create('span', { class: 'host' }, shortDevice(id))),
        ),
        simulated === undefined || device === undefined ? undefined : behaviourSelect(simulated),
        remove,
      ),
      simulated === undefined ? undefined : receivedList(simulated.received),
    );
  };

  const read = async (): Promise<void> => {
    const asked = user();
    if (asked === '') return;
    const name = encodeURIComponent(asked);
    const [devices, simulated] = await Promise.all([
      call<{ items: readonly Device[] }>('GET', `/v1/users/${name}/devices`),
      call<{ available: boolean; items: readonly Simulated[] }>('GET', `/simulated-devices?user=${name}`),
    ]);
    if (!devices.ok || !simulated.ok || asked !== user()) return;
    form.hidden = !simulated.value.available;
    // Drawn again only when something is different, so that an open list of choices is not closed under the pointer.
    const state = JSON.stringify([asked, devices.value, simulated.value]);
    if (state === shown) return;
    shown = state;
    const known = new Map(devices.value.items.map((device) => [device.id, device]));
    const made = new Map(simulated.value.items.map((device) => [device.id, device]));
    const ids = [...new Set([...made.keys(), ...known.keys()])];
    list.replaceChildren(
      ...ids.map((id) => row(id, (known.get(id) ?? made.get(id))?.channel ?? '', known.get(id), made.get(id))),
    );
    empty.hidden = ids.length > 0;
  };

  const refresh = coalesce(read);

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const data = new FormData(form);
    const body = { user: user(), channel: data.get('channel'), behaviour: data.get('behaviour') };
    void whileBusy(add, async () => void (await send('POST', '/simulated-devices', body)));
  });
  return { refresh };
}

function receivedList(received: readonly Received[]): HTMLElement {
  if (received.length === 0) return create('p', { class: 'faint received-none' }, 'has received nothing yet');
  return create(
    'details',
    { class: 'received', open: true },
    create(
      'summary',
      {},
      received.length < RECEIVED_SHOWN ? `received ${count(received.length, 'message')}` : 'received lately',
    ),
    create(
      'ol',
      {},
      ...received.map(({ atMs, title, facts }) =>
        create(
          'li',
          {},
          create('strong', {}, title),
          create('span', { class: 'faint time' }, formatTime(atMs)),
          create('span', { class: 'faint' }, facts.join(' · ')),
        ),
      ),
    ),
  );
}
