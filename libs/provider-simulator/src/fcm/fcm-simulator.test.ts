import { realClock as clock } from '@belfry/testing/real-clock';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { certificateAuthorityPem } from '../certificates.ts';
import { createProviderSimulator, type ProviderSimulator } from '../provider-simulator.ts';
import { FCM_ERRORS, fcmErrorReply, fcmErrorStep } from './fcm-error-body.ts';

const REFUSED: readonly { readonly what: string; readonly body: unknown; readonly field: string }[] = [
  { what: 'broken JSON', body: '{"message":', field: '' },
  { what: 'no message', body: {}, field: 'message' },
  { what: 'no target', body: { message: {} }, field: 'message' },
  { what: 'two targets', body: { message: { token: 't', topic: 'x' } }, field: 'message' },
  { what: 'an unknown field', body: { message: { token: 't', colour: 'red' } }, field: 'message' },
  { what: 'an inherited name as a field', body: { message: { token: 't', toString: 1 } }, field: 'message' },
  { what: 'data that is no string', body: { message: { token: 't', data: { n: 5 } } }, field: 'message.data' },
  { what: 'a reserved key', body: { message: { token: 't', data: { 'google.x': '' } } }, field: 'message.data' },
  {
    what: 'a ttl without unit',
    body: { message: { token: 't', android: { ttl: '5' } } },
    field: 'message.android.ttl',
  },
  {
    what: 'a ttl too long',
    body: { message: { token: 't', android: { ttl: '2419201s' } } },
    field: 'message.android.ttl',
  },
  {
    what: 'an unknown priority',
    body: { message: { token: 't', android: { priority: 'x' } } },
    field: 'message.android.priority',
  },
  {
    what: 'a number as header',
    body: { message: { token: 't', apns: { headers: { a: 1 } } } },
    field: 'message.apns.headers',
  },
  { what: 'too many bytes', body: { message: { token: 't', data: { a: 'x'.repeat(4096) } } }, field: 'message' },
];

let simulator: ProviderSimulator;
let agent: Agent;
let token: string;

beforeAll(async () => {
  simulator = createProviderSimulator({ clock, fcm: { projectId: 'demo' } });
  await simulator.start();
  agent = new Agent({ allowH2: true, connect: { ca: certificateAuthorityPem() } });
});
afterAll(async () => {
  await agent.destroy();
  await simulator.stop();
});
beforeEach(() => {
  const made = simulator.fcm.createTarget({});
  if (!made.ok) throw new Error(made.detail);
  token = made.target;
  simulator.fcm.recorder.clear();
});

async function send(body: unknown, options: { readonly project?: string; readonly access?: string } = {}) {
  const answer = await request(`${simulator.origin()}/v1/projects/${options.project ?? 'demo'}/messages:send`, {
    dispatcher: agent,
    method: 'POST',
    headers: { authorization: `Bearer ${options.access ?? 'owner'}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.body.text();
  return { status: answer.statusCode, text, json: text.startsWith('{') ? JSON.parse(text) : undefined };
}

describe('FCM simulator', () => {
  it('answers the name of an accepted message and keeps it, whichever spelling its fields have', async () => {
    const message = { token, data: { a: '1' }, android: { collapseKey: 'k', ttl: '3.5s', priority: 'HIGH' } };
    const answer = await send({ message });
    expect(answer.json).toEqual({ name: expect.stringMatching(/^projects\/demo\/messages\/./) });
    expect(simulator.fcm.recorder.received(token)).toMatchObject([
      { name: answer.json.name, message: { data: { a: '1' }, android: { collapse_key: 'k', ttl: '3.5s' } } },
    ]);
  });

  it('tells when a message came, besides when it was taken', async () => {
    const tookMs: number[] = [];
    const stop = simulator.fcm.recorder.listen((event) => {
      if (event.kind === 'accepted') tookMs.push(event.atMs - event.arrivedAtMs);
    });
    simulator.fcm.script.set(token, [{ kind: 'slow', delayMs: 50, next: { kind: 'accept' } }]);
    await send({ message: { token } });
    stop();
    expect(tookMs).toHaveLength(1);
    // Timers may fire a moment early by this clock.
    expect(tookMs[0]).toBeGreaterThan(40);
  });

  it('keeps nothing of a dry run', async () => {
    expect((await send({ message: { token }, validate_only: true })).status).toBe(200);
    expect(simulator.fcm.recorder.received()).toEqual([]);
  });

  it.each(REFUSED)('refuses $what with a BadRequest that names the field', async ({ body, field }) => {
    const answer = await send(body);
    expect(answer.status).toBe(400);
    const violation = expect.objectContaining({ fieldViolations: [{ field, description: expect.any(String) }] });
    expect(answer.json.error).toMatchObject({
      status: 'INVALID_ARGUMENT',
      details: expect.arrayContaining([violation]),
    });
  });

  it('knows its registrations: foreign shape, removed, registered anew, given to another sender', async () => {
    const errorOf = async (target: string) => (await send({ message: { token: target } })).json.error?.details;
    const fcmError = (errorCode: string) => [expect.objectContaining({ errorCode })];
    expect(await errorOf('what is this')).toEqual(fcmError('INVALID_ARGUMENT'));
    expect(simulator.fcm.removeTarget(token)).toBe(true);
    expect(simulator.fcm.removeTarget(token)).toBe(false);
    expect(await errorOf(token)).toEqual(fcmError('UNREGISTERED'));
    expect(simulator.fcm.createTarget({ token })).toMatchObject({ ok: true, target: token });
    expect(await errorOf(token)).toBeUndefined();
    simulator.fcm.giveToOtherSender(token);
    expect(await errorOf(token)).toEqual(fcmError('SENDER_ID_MISMATCH'));
    expect(simulator.fcm.createTarget({ token: 'mine' })).toMatchObject({ ok: false, field: '/token' });
  });

  it('takes access tokens that it issued until they are revoked, and only its own project', async () => {
    const access = simulator.fcm.issueAccessToken();
    expect((await send({ message: { token } }, { access })).status).toBe(200);
    simulator.fcm.revokeAccessToken(access);
    expect((await send({ message: { token } }, { access })).json.error).toMatchObject({ status: 'UNAUTHENTICATED' });
    const elsewhere = await send({ message: { token } }, { project: 'other' });
    expect(elsewhere.json.error).toMatchObject({ code: 404, details: [] });
  });

  it.each(FCM_ERRORS)('acts out %s with its status and body', async (name) => {
    simulator.fcm.script.set(token, [fcmErrorStep(name)]);
    const answer = await send({ message: { token } });
    expect(answer).toMatchObject({ status: fcmErrorReply(name).status, json: fcmErrorReply(name).body });
    expect((await send({ message: { token } })).status).toBe(200);
    expect(simulator.fcm.recorder.counters()).toMatchObject({ accepted: 1, refused: 1 });
  });

  it('has its own body for a bare status: gone is UNREGISTERED, an unusual one the page of the front end', async () => {
    simulator.fcm.script.set(token, [
      { kind: 'status', status: 410 },
      { kind: 'status', status: 502 },
    ]);
    expect((await send({ message: { token } })).json.error.details).toMatchObject([{ errorCode: 'UNREGISTERED' }]);
    const page = await send({ message: { token } });
    expect(page).toMatchObject({ status: 502, text: expect.stringContaining('<!DOCTYPE html>') });
  });
});
