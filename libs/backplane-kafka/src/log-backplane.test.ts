import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Hint } from '@belfry/core/backplane';
import type { Log } from '@belfry/core/log';
import { createEmbeddedLog } from '@belfry/log-embedded';
import { HINTS_TOPIC } from '@belfry/protocol/log-topics';
import { describeBackplane } from '@belfry/testing/backplane-contract';
import { realClock as clock } from '@belfry/testing/real-clock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogBackplane, HINTS_TOPIC_SETTINGS, type LogBackplaneOptions } from './log-backplane.ts';

const ARRIVAL = { timeout: 20_000, interval: 5 } as const;
const silent = { info() {}, warn() {} };

async function openLog() {
  const directory = mkdtempSync(path.join(tmpdir(), 'belfry-hints-'));
  const log = await createEmbeddedLog({
    directory,
    clock,
    onFatal: (error) => {
      throw error;
    },
  });
  await log.ensureTopics([HINTS_TOPIC_SETTINGS]);
  const dispose = async (): Promise<void> => {
    await log.close();
    rmSync(directory, { recursive: true });
  };
  return { log, dispose };
}

describeBackplane('over the embedded log', async () => {
  const { log, dispose } = await openLog();
  return { open: () => createLogBackplane({ log, clock, logger: silent }), dispose };
});

describe('a backplane over a log', () => {
  let log: Log;
  let dispose: () => Promise<void>;
  const told: string[] = [];
  const logger = {
    info: (fields: object, message: string) => void told.push(`${JSON.stringify(fields)} ${message}`),
    warn: (fields: object, message: string) => void told.push(`${JSON.stringify(fields)} ${message}`),
  };
  const create = (more: Partial<LogBackplaneOptions> = {}) => createLogBackplane({ log, clock, logger, ...more });
  const hint = (offset: number): Hint => ({ tenant: 'acme', user: 'alice', offset });

  beforeEach(async () => {
    ({ log, dispose } = await openLog());
    told.length = 0;
  });
  afterEach(() => dispose());

  it('ignores records that are no hints, and counts those that were for its users', async () => {
    let ignored = 0;
    const backplane = await create({
      onIgnored: (records) => {
        ignored += records;
      },
    });
    const offsets: number[] = [];
    backplane.subscribe('acme', 'alice', ({ offset }) => offsets.push(offset));
    const bad = ['', '{"offset":1}', '\uFFFD', '-1'].map((text) => new TextEncoder().encode(text));
    const keys = ['4:acme/alice', '4:acme/bob', 'acme/alice', ''];
    await log.append(
      HINTS_TOPIC,
      keys.flatMap((key) => [...bad, Uint8Array.of(0xff, 0x00)].map((value) => ({ key, value }))),
    );
    backplane.publish([hint(1)]);
    await vi.waitFor(() => expect(offsets).toEqual([1]), ARRIVAL);
    expect(ignored).toBe(5);
    await backplane.close();
  });

  it('loses hints while appends fail, says so once, and goes on after', async () => {
    let isDown = false;
    let lost = 0;
    const faulty = {
      append: (...args: Parameters<Log['append']>) =>
        isDown ? Promise.reject(new Error('no brokers')) : log.append(...args),
      tail: (...args: Parameters<Log['tail']>) => log.tail(...args),
    };
    const backplane = await create({
      log: faulty,
      onLost: (hints) => {
        lost += hints;
      },
    });
    const offsets: number[] = [];
    backplane.subscribe('acme', 'alice', ({ offset }) => offsets.push(offset));
    isDown = true;
    for (let offset = 1; offset <= 3; offset++) {
      backplane.publish([hint(offset)]);
      await vi.waitFor(() => expect(lost).toBe(offset), ARRIVAL);
    }
    isDown = false;
    backplane.publish([hint(4)]);
    await vi.waitFor(() => expect(offsets).toEqual([4]), ARRIVAL);
    await vi.waitFor(() => expect(told).toHaveLength(2), ARRIVAL);
    expect(told[0]).toContain('no brokers');
    expect(told[1]).toContain('"lost":3');
    await backplane.close();
  });

  it('never makes a publisher wait for an append, and keeps memory bounded meanwhile', async () => {
    const stuck = Promise.withResolvers<never>();
    let lost = 0;
    const backplane = await create({
      log: { append: () => stuck.promise, tail: (...args) => log.tail(...args) },
      maxWaitingHints: 500,
      onLost: (hints) => {
        lost += hints;
      },
    });
    backplane.publish([hint(1)]);
    await new Promise((resolve) => setImmediate(resolve));
    for (let offset = 2; offset <= 2_001; offset++) backplane.publish([hint(offset)]);
    expect(lost).toBe(1_500);
    expect(told).toHaveLength(1);
    stuck.reject(new Error('deadline'));
    await backplane.close();
  });

  it('does not read the topic where it only publishes', async () => {
    const publisher = await create({
      publishOnly: true,
      log: { append: (...args) => log.append(...args), tail: () => Promise.reject(new Error('tailed')) },
    });
    const backplane = await create();
    const offsets: number[] = [];
    backplane.subscribe('acme', 'alice', ({ offset }) => offsets.push(offset));
    publisher.publish([hint(1)]);
    await vi.waitFor(() => expect(offsets).toEqual([1]), ARRIVAL);
    expect(() => publisher.subscribe('acme', 'alice', () => undefined)).toThrow('publishOnly');
    await Promise.all([publisher.close(), backplane.close()]);
  });
});
