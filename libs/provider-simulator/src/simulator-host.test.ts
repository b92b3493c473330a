import { createRealClock } from '@belfry/testing/real-clock';
import { Agent, request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { actOut } from './act-out.ts';
import { certificateAuthorityPem } from './certificates.ts';
import type { SimulatedProvider } from './provider.ts';
import { createRecorder } from './recorder.ts';
import { createScriptBook, type ScriptStep } from './script.ts';
import { createSimulatorHost, type SimulatorHost } from './simulator-host.ts';

const clock = createRealClock();

/** The smallest provider: takes every POST below /echo/ for the target that the path names. */
function createEcho(): SimulatedProvider<{ readonly text: string }> {
  const script = createScriptBook();
  const recorder = createRecorder<{ readonly text: string }>();
  return {
    name: 'echo',
    script,
    recorder,
    serves: (path) => path.startsWith('/echo/'),
    targetOf: (address) => address,
    createTarget: () => ({ ok: true, target: 'made', device: { token: 'made' } }),
    removeTarget: () => false,
    serve(exchange) {
      const target = exchange.path.slice('/echo/'.length);
      const atMs = clock.nowMs();
      actOut(script.next(target), {
        clock,
        exchange,
        accept() {
          recorder.note({
            kind: 'accepted',
            target,
            atMs,
            arrivedAtMs: atMs,
            message: { target, atMs, text: String(exchange.body) },
          });
          return { status: 200, body: { ok: true } };
        },
        refuse(status) {
          recorder.note({ kind: 'refused', target, atMs, status, reason: 'script' });
          return { status, body: `refused ${status}` };
        },
        drop: (how) => recorder.note({ kind: 'dropped', target, atMs, how }),
      });
    },
  };
}

let open: { host: SimulatorHost; agent: Agent } | undefined;
afterEach(async () => {
  await open?.agent.destroy();
  await open?.host.stop();
  open = undefined;
});

async function startEcho(allowH2: boolean) {
  const echo = createEcho();
  const host = createSimulatorHost({ providers: [echo] });
  await host.start();
  const agent = new Agent({ allowH2, connect: { ca: certificateAuthorityPem() } });
  open = { host, agent };
  const send = (method: string, path: string, body?: string) =>
    request(`${host.origin()}${path}`, { dispatcher: agent, method: method as 'POST', ...(body ? { body } : {}) });
  return { echo, host, send };
}

const UNANSWERED: readonly ScriptStep[] = [{ kind: 'reset-before' }, { kind: 'reset-after' }, { kind: 'half-close' }];

describe.each([
  { name: 'HTTP/2', allowH2: true },
  { name: 'HTTP/1.1', allowH2: false },
])('simulator host over $name', ({ allowH2 }) => {
  it('accepts without a script and records what came', async () => {
    const { echo, send } = await startEcho(allowH2);
    const answer = await send('POST', '/echo/a', 'hello');
    expect(answer.statusCode).toBe(200);
    expect(await answer.body.json()).toEqual({ ok: true });
    expect(echo.recorder.received('a')).toMatchObject([{ target: 'a', text: 'hello' }]);
    expect(echo.recorder.counters()).toMatchObject({ requests: 1, accepted: 1 });
  });

  it('answers a scripted status with its headers, then what comes afterwards', async () => {
    const { echo, send } = await startEcho(allowH2);
    echo.script.set('a', [{ kind: 'status', status: 429, retryAfter: 7, times: 2 }], { kind: 'status', status: 410 });
    for (const status of [429, 429, 410, 410]) {
      const answer = await send('POST', '/echo/a', 'x');
      expect(answer.statusCode).toBe(status);
      expect(answer.headers['retry-after']).toBe(status === 429 ? '7' : undefined);
      await answer.body.dump();
    }
    expect(echo.recorder.counters()).toMatchObject({ accepted: 0, refused: 4, statuses: { 429: 2, 410: 2 } });
  });

  it.each(UNANSWERED)('breaks the connection on $kind', async (step) => {
    const { echo, send } = await startEcho(allowH2);
    echo.script.set('*', [step]);
    await expect(send('POST', '/echo/a', 'x')).rejects.toThrow();
    expect(echo.recorder.received()).toHaveLength(step.kind === 'reset-after' ? 1 : 0);
    const again = await send('POST', '/echo/a', 'y');
    expect(again.statusCode).toBe(200);
    await again.body.dump();
  });

  it('says by GOAWAY that even the first request of a connection was not processed', async () => {
    const { echo, host, send } = await startEcho(allowH2);
    echo.script.set('*', [{ kind: 'goaway', accepted: false }]);
    const sent = send('POST', '/echo/a', 'x').then((answer) => answer.body.dump());
    // undici sends again what was certainly not processed; HTTP/1.1 has no way to say so.
    await (allowH2 ? sent : expect(sent).rejects.toThrow());
    expect(echo.recorder.counters()).toMatchObject({ dropped: 1, accepted: allowH2 ? 1 : 0 });
    expect(host.connectionsOpened()).toBe(allowH2 ? 2 : 1);
  });

  it('answers before GOAWAY when it accepts, and after the delay when it is slow', async () => {
    const { echo, host, send } = await startEcho(allowH2);
    const slow: ScriptStep = { kind: 'slow', delayMs: 50, next: { kind: 'accept' } };
    echo.script.set('*', [{ kind: 'goaway', accepted: true }, slow]);
    for (const body of ['one', 'two']) {
      const answer = await send('POST', '/echo/a', body);
      expect(answer.statusCode).toBe(200);
      await answer.body.dump();
    }
    expect(host.connectionsOpened()).toBe(2);
  });

  it('takes scripts and faults over its control API and says what is wrong with a bad one', async () => {
    const { send } = await startEcho(allowH2);
    const put = async (path: string, body: unknown) => {
      const answer = await send('PUT', path, JSON.stringify(body));
      return [answer.statusCode, await answer.body.json()];
    };
    const steps = [{ kind: 'status', status: 500, times: 3 }];
    expect(await put('/_simulator/echo/script', { target: 'a', steps })).toEqual([200, { target: 'a', remaining: 3 }]);
    const bad = await put('/_simulator/echo/script', { steps: [{ kind: 'slow', delayMs: -1 }] });
    expect(bad).toEqual([400, { status: 400, field: '/steps/0/delayMs', detail: expect.stringContaining('600000') }]);
    expect((await put('/_simulator/echo/faults', { failRate: 2 }))[0]).toBe(400);
    expect((await put('/_simulator/echo/faults', { goneRate: 1 }))[0]).toBe(200);
    const statuses: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const answer = await send('POST', `/echo/${round < 3 ? 'a' : 'b'}`, 'x');
      await answer.body.dump();
      statuses.push(answer.statusCode);
    }
    expect(statuses).toEqual([500, 500, 500, 410]);
    const counters = await send('GET', '/_simulator/echo/counters');
    expect(await counters.body.json()).toMatchObject({ requests: 4, refused: 4 });
    expect((await send('POST', '/_simulator/echo/devices')).statusCode).toBe(201);
    expect((await send('GET', '/_simulator/other/counters')).statusCode).toBe(404);
  });
});
