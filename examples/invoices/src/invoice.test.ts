import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastify } from 'fastify';
import { describe, expect, it, vi } from 'vitest';
import { makeInvoice, totalCents } from './invoice.ts';
import { renderInvoice } from './invoice-pdf.ts';
import { addInvoiceUpstream } from './invoice-upstream.ts';

describe('an invoice', () => {
  it('is the same for the same number', () => {
    const make = () => makeInvoice('INV-1', 'alice', new Date(0));
    expect(make()).toEqual(make());
    expect(totalCents(make())).toBeGreaterThan(0);
  });

  it('is a PDF of several pages', async () => {
    const pdf = await renderInvoice(makeInvoice('INV-1', 'alice', new Date(0)));
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    expect(pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length).toBeGreaterThanOrEqual(3);
  });
});

describe('the upstream', () => {
  it('answers at once, and notifies with a link that works when the invoice is there', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'belfry-invoices-'));
    const posted: { url: string; to: { users: string[] } }[] = [];
    const belfry = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        posted.push(JSON.parse(body));
        response.writeHead(202, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => belfry.listen(0, '127.0.0.1', resolve));
    const app = fastify();
    const errors: unknown[] = [];
    addInvoiceUpstream(app, {
      belfryUrl: () => `http://127.0.0.1:${(belfry.address() as AddressInfo).port}`,
      apiKey: 'k',
      directory,
      now: () => new Date(0),
      onError: (error) => errors.push(error),
    });
    try {
      const answer = await app.inject({
        method: 'POST',
        url: '/examples/invoices',
        headers: { authorization: 'Bearer k' },
        payload: { user: 'alice' },
      });
      expect(answer.statusCode).toBe(202);
      await vi.waitFor(() => expect(posted).toHaveLength(1), 10_000);
      expect(posted[0]?.to.users).toEqual(['alice']);
      const file = await app.inject({ method: 'GET', url: posted[0]?.url ?? '' });
      expect(file.headers['content-type']).toBe('application/pdf');
      expect(errors).toEqual([]);
    } finally {
      await app.close();
      belfry.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it.each([undefined, '', 'Bearer', 'Bearer ', 'Bearer kk', 'Basic k', 'k'])(
    'makes no invoice for a caller with the credential %j',
    async (authorization) => {
      const app = fastify();
      addInvoiceUpstream(app, {
        belfryUrl: () => 'http://127.0.0.1:1',
        apiKey: 'k',
        directory: join(tmpdir(), 'belfry-no-invoices'),
        now: () => new Date(0),
        onError: () => {},
      });
      const answer = await app.inject({
        method: 'POST',
        url: '/examples/invoices',
        headers: authorization === undefined ? {} : { authorization },
        payload: { user: 'alice' },
      });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(answer.body).not.toContain('"id"');
      await app.close();
    },
  );

  it('refuses a request without a user, and a link that it never gave', async () => {
    const app = fastify();
    addInvoiceUpstream(app, {
      belfryUrl: () => '',
      apiKey: 'k',
      directory: tmpdir(),
      now: () => new Date(0),
      onError: () => {},
    });
    const headers = { authorization: 'Bearer k' };
    const withoutUser = await app.inject({ method: 'POST', url: '/examples/invoices', headers, payload: {} });
    expect(withoutUser.statusCode).toBe(400);
    expect((await app.inject({ method: 'GET', url: '/examples/invoices/..%2fsecret.pdf' })).statusCode).toBe(404);
    await app.close();
  });
});
