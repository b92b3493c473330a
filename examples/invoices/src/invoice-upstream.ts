import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { formatEuros, makeInvoice, totalCents } from './invoice.ts';

export type InvoiceUpstreamOptions = {
  /** Where Belfry's API is; asked when the first notification is sent. */
  readonly belfryUrl: () => string;
  /** Belfry's. Whoever asks for an invoice must hold it, too: what comes of it is a notification to any user. */
  readonly apiKey: string;
  /** Where the PDFs are kept. */
  readonly directory: string;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
};

const ID = /^[0-9a-f-]{36}$/;

/**
 * An upstream as one would write it: it answers at once, makes the invoice in the background, and tells the user through Belfry when it is ready. Only a caller with the
 * API key may ask for one, so never a browser. The link holds a random id: who has it may read the invoice.
 */
export function addInvoiceUpstream(app: Pick<FastifyInstance, 'post' | 'get'>, options: InvoiceUpstreamOptions): void {
  app.post('/examples/invoices', async (request, reply) => {
    if (!isSame(request.headers.authorization ?? '', `Bearer ${options.apiKey}`)) {
      return reply.code(401).header('www-authenticate', 'Bearer').send({ detail: 'the API key is missing or wrong' });
    }
    const { user } = (request.body ?? {}) as { readonly user?: unknown };
    if (typeof user !== 'string' || user === '' || user.length > 128) {
      return reply.code(400).send({ field: '/user', detail: 'must be the name of a user, 1 to 128 characters' });
    }
    const id = randomUUID();
    produce(id, user, options).catch(options.onError);
    return reply.code(202).send({ id, status: 'being made' });
  });

  app.get('/examples/invoices/:file', async (request, reply) => {
    const { file } = request.params as { readonly file: string };
    const id = file.replace(/\.pdf$/, '');
    if (!ID.test(id)) return reply.code(404).send({ detail: 'no such invoice' });
    try {
      const pdf = await readFile(join(options.directory, `${id}.pdf`));
      return reply
        .type('application/pdf')
        .header('content-disposition', `inline; filename="invoice-${id.slice(0, 8)}.pdf"`)
        .send(pdf);
    } catch {
      return reply.code(404).send({ detail: 'no such invoice' });
    }
  });
}

/** In a time that does not tell how much of it was right. */
function isSame(given: string, right: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(right));
}

async function produce(id: string, user: string, options: InvoiceUpstreamOptions): Promise<void> {
  const invoice = makeInvoice(`INV-${id.slice(0, 8).toUpperCase()}`, user, options.now());
  // The PDF library is large and most runs never make an invoice.
  const { renderInvoice } = await import('./invoice-pdf.ts');
  const pdf = await renderInvoice(invoice);
  await mkdir(options.directory, { recursive: true });
  await writeFile(join(options.directory, `${id}.pdf`), pdf);
  const response = await fetch(`${options.belfryUrl()}/v1/notifications`, {
    method: 'POST',
    headers: { authorization: `Bearer ${options.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      id: `invoice-${id}`,
      to: { users: [user] },
      type: 'invoice.ready',
      title: `Invoice ${invoice.number} is ready`,
      body: `${formatEuros(totalCents(invoice))}, ${invoice.lines.length} lines, ${Math.round(pdf.length / 1024)} KiB`,
      url: `/examples/invoices/${id}.pdf`,
      data: { invoice: invoice.number, bytes: pdf.length },
    }),
  });
  if (response.status !== 202) throw new Error(`the notification was not accepted: ${response.status}`);
}
