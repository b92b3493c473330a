import type { Service } from '@belfry/core/service';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from '../logger.ts';
import { runServices } from './run-services.ts';

const BUDGET_MS = 10_000;

let events: string[];
let lines: string[];
let signal: (name: string) => void;
let fault: (error: unknown, origin: string) => void;
let clock: ReturnType<typeof createFakeClock>;

beforeEach(() => {
  events = [];
  lines = [];
  clock = createFakeClock();
});

function service(name: string, more: Partial<Service> = {}): Service {
  const note = async (event: string) => {
    events.push(`${name} ${event}`);
  };
  return { name, start: () => note('start'), drain: () => note('drain'), stop: () => note('stop'), ...more };
}

/** Starts and waits until everything runs, or the process has ended. */
async function run(services: Service[]) {
  const ended = runServices(services, {
    clock,
    logger: createLogger({ level: 'info', destination: { write: (line) => lines.push(line) } }),
    stopBudgetMs: BUDGET_MS,
    signals: {
      onSignal: (handler) => {
        signal = handler;
      },
      onFault: (handler) => {
        fault = handler;
      },
      exit: (code) => events.push(`exit ${code}`),
    },
  });
  await vi.waitFor(() => expect(lines.length).toBeGreaterThan(0), { timeout: 10_000 });
  return { ended };
}

const never = () => new Promise<void>(() => {});

describe('runServices', () => {
  it('starts in order, drains and stops in reverse, exits 0', async () => {
    const { ended } = await run([service('store'), service('worker'), service('http')]);
    expect(events).toEqual(['store start', 'worker start', 'http start']);
    events = [];
    signal('SIGTERM');
    await ended;
    expect(events).toEqual([
      'http drain',
      'worker drain',
      'store drain',
      'http stop',
      'worker stop',
      'store stop',
      'exit 0',
    ]);
  });

  it('stops what has started when a start fails, says which, exits 1', async () => {
    const start = () => Promise.reject(new Error('the port is taken'));
    const { ended } = await run([service('store'), service('http', { start }), service('late')]);
    await ended;
    expect(events).toEqual(['store start', 'store drain', 'store stop', 'exit 1']);
    expect(lines.join('')).toMatch(/http did not start/);
    expect(lines.join('')).toMatch(/the port is taken/);
  });

  it('ends draining at three quarters of the budget', async () => {
    let aborted = false;
    const drain = (deadline: AbortSignal) =>
      new Promise<void>((resolve) =>
        deadline.addEventListener('abort', () => {
          aborted = true;
          resolve();
        }),
      );
    const { ended } = await run([service('worker', { drain })]);
    signal('SIGTERM');
    await clock.advance(BUDGET_MS * 0.75 - 1);
    expect(aborted).toBe(false);
    await clock.advance(1);
    await ended;
    expect([aborted, events.at(-1)]).toEqual([true, 'exit 0']);
  });

  it('exits 1 and names the service that does not stop within the budget', async () => {
    const { ended } = await run([service('store'), service('stuck', { stop: never })]);
    signal('SIGINT');
    await clock.advance(BUDGET_MS);
    await ended;
    expect(events.at(-1)).toBe('exit 1');
    expect(lines.at(-1)).toContain('"services":["store","stuck"]');
  });

  it('stops the others although one fails to stop', async () => {
    const stop = () => Promise.reject(new Error('no'));
    const { ended } = await run([service('store'), service('broken', { stop })]);
    signal('SIGTERM');
    await ended;
    expect(events.slice(-2)).toEqual(['store stop', 'exit 1']);
  });

  it('exits at once on the second signal', async () => {
    await run([service('stuck', { drain: never })]);
    signal('SIGTERM');
    expect(events.at(-1)).toBe('stuck start');
    await clock.advance(500);
    signal('SIGTERM');
    expect(events.at(-1)).toBe('exit 1');
  });

  it('takes a signal that npm passes on for the one that the terminal sent', async () => {
    const { ended } = await run([service('store')]);
    signal('SIGINT');
    signal('SIGINT');
    await ended;
    expect(events.slice(-2)).toEqual(['store stop', 'exit 0']);
  });

  it('ends the process on an error that nobody caught', async () => {
    await run([service('store')]);
    fault(new TypeError('x is not a function'), 'uncaughtException');
    expect(events.at(-1)).toBe('exit 1');
    expect(lines.at(-1)).toContain('x is not a function');
  });
});
