import { createHash } from 'node:crypto';
import type { Clock } from '@belfry/core/clock';
import { idempotencySeed } from '@belfry/core/idempotency-seed';
import type { Random } from '@belfry/core/random';
import type { IdempotencyStore } from '@belfry/core/store/idempotency';
import type { FastifyRequest } from 'fastify';
import { principalOf } from './authentication.ts';
import type { HttpApp } from './http-app.ts';
import { ProblemError } from './problem.ts';

export type IdempotencyOptions = { readonly store: IdempotencyStore; readonly clock: Clock; readonly random: Random };

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Set when the request carries an Idempotency-Key: 16 bytes, hex, the same for every try under that key. Ids of what the request makes are derived
     * from it, so a try after a crash makes the same things again.
     */
    idempotencySeed?: string;
  }
}

/** What a claim is kept under; remembered on the request until its answer is known. */
type Claim = { readonly tenant: string; readonly key: string };

/**
 * Lets every POST route that comes after be repeated safely under an `Idempotency-Key`. The first success is kept and replayed. A 4xx had no effect
 * and frees the key for a corrected request. A 5xx may have had one: its claim stays, and the try that takes it over later gets the same seed.
 * Needs a guard on the route: keys belong to a tenant.
 */
export function addIdempotency(app: HttpApp, { store, clock, random }: IdempotencyOptions): void {
  const claims = new WeakMap<FastifyRequest, Claim>();

  app.addHook('preHandler', async (request, reply) => {
    if (request.method !== 'POST') return;
    const given = request.headers['idempotency-key'];
    if (given === undefined) return;
    const claim = { tenant: principalOf(request).tenant, key: scopedKey(request, checkKey(given)) };
    const claimed = await store.claimIdempotencyKey({
      ...claim,
      bodyHash: hashBody(request),
      seed: idempotencySeed(clock.nowMs(), random),
    });
    switch (claimed.kind) {
      case 'claimed':
        claims.set(request, claim);
        request.idempotencySeed = claimed.seed;
        return;
      case 'replay':
        return reply
          .code(claimed.response.status)
          .header('idempotency-replayed', 'true')
          .type('application/json; charset=utf-8')
          .serializer((body: unknown) => String(body))
          .send(claimed.response.body);
      case 'mismatch':
        throw new ProblemError('idempotency_key_reused', { field: 'header:Idempotency-Key' });
      case 'running':
        throw new ProblemError('request_in_progress', { retryAfterSeconds: claimed.retryAfterMs / 1_000 });
    }
  });

  // Before the answer leaves: once a client has seen it, a repeat must find it.
  app.addHook('onSend', async (request, reply, payload) => {
    const claim = claims.get(request);
    if (claim === undefined) return;
    claims.delete(request);
    const { statusCode: status } = reply;
    if (status < 400) {
      await store.completeIdempotencyKey(claim.tenant, claim.key, {
        status,
        body: typeof payload === 'string' ? payload : '',
      });
    } else if (status < 500) {
      await store.releaseIdempotencyKey(claim.tenant, claim.key);
    }
  });
}

function checkKey(given: string | string[]): string {
  if (typeof given === 'string' && /^[!-~]{1,255}$/.test(given)) return given;
  throw new ProblemError('idempotency_key_invalid', { field: 'header:Idempotency-Key', limit: 255 });
}

/** One key must never answer for two routes, for two users' paths, or for two users of one path. */
function scopedKey(request: FastifyRequest, key: string): string {
  const [path = ''] = request.url.split('?');
  const principal = principalOf(request);
  const caller = principal.kind === 'user' ? `${principal.user} ` : '';
  return `${request.method} ${path} ${caller}${key}`;
}

/** The validated body: two texts that mean the same request, defaults included, are the same body. */
function hashBody(request: FastifyRequest): string {
  const { body } = request;
  const content = typeof body === 'string' || Buffer.isBuffer(body) ? body : (JSON.stringify(body) ?? '');
  return createHash('sha256').update(content).digest('hex');
}
