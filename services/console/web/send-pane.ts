import { call, describeProblem } from './api.ts';
import { find, whileBusy } from './dom.ts';
import { createNotice } from './notice.ts';

export type SendPaneEvents = {
  /** `single`: sent by itself and not as one of many. */
  onAccepted(id: string, single: boolean): void;
};

const BURST = 100;
const ALL_CHANNELS = 3;

type Accepted = { readonly id: string };
type BatchItem = { readonly status: number; readonly id?: string; readonly detail?: string };

/** The form that sends. */
export function createSendPane({ onAccepted }: SendPaneEvents): void {
  const form = find('send-form', HTMLFormElement);
  const notice = createNotice(find('send-notice', HTMLElement));
  const send = find('send', HTMLButtonElement);
  const burst = find('send-burst', HTMLButtonElement);
  const invoice = find('send-invoice', HTMLButtonElement);

  const sendOne = async (): Promise<void> => {
    const answer = await call<Accepted>('POST', '/v1/notifications', readRequest(form));
    if (!answer.ok) return notice.complain(describeProblem(answer.problem));
    notice.say('Accepted: it is durable now.');
    onAccepted(answer.value.id, true);
  };

  const sendMany = async (): Promise<void> => {
    const request = readRequest(form);
    const items = Array.from({ length: BURST }, (_, index) => ({ ...request, title: `${request.title} ${index + 1}` }));
    const answer = await call<{ items: readonly BatchItem[] }>('POST', '/v1/notifications/batch', items);
    if (!answer.ok) return notice.complain(describeProblem(answer.problem));
    const refused = answer.value.items.find((item) => item.status !== 202);
    if (refused !== undefined) notice.complain(describeProblem({ title: 'refused', ...refused }));
    else notice.say(`${BURST} accepted.`);
    for (const { id } of answer.value.items) if (id !== undefined) onAccepted(id, false);
  };

  const sendInvoice = async (): Promise<void> => {
    const answer = await call<Accepted>('POST', '/examples/invoices', { user: text(new FormData(form), 'user') });
    if (!answer.ok) return notice.complain(describeProblem(answer.problem));
    notice.say('The invoice is being made. Its notification follows when the PDF is there.');
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void whileBusy(send, sendOne);
  });
  burst.addEventListener('click', () => void whileBusy(burst, sendMany));
  invoice.addEventListener('click', () => void whileBusy(invoice, sendInvoice));
}

/** What the form says, and nothing that it leaves open: the API knows the defaults and checks the rest. */
function readRequest(form: HTMLFormElement) {
  const data = new FormData(form);
  const channels = data.getAll('channels');
  const ttl = text(data, 'ttlSeconds');
  const optional = ['body', 'collapseKey', 'url'].filter((name) => text(data, name) !== '');
  return {
    to: { users: [text(data, 'user')] },
    type: 'console.message',
    title: text(data, 'title'),
    priority: text(data, 'priority'),
    ...Object.fromEntries(optional.map((name) => [name, text(data, name)])),
    ...(ttl === '' ? {} : { ttlSeconds: Number(ttl) }),
    // All of them is what leaving it out means.
    ...(channels.length === ALL_CHANNELS ? {} : { channels }),
  };
}

function text(data: FormData, name: string): string {
  const value = data.get(name);
  return typeof value === 'string' ? value.trim() : '';
}
