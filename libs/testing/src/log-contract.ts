import { randomUUID } from 'node:crypto';
import type { Log, LogTopicSettings } from '@belfry/core/log';
import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest';
import { describeAppending } from './log-contract-append.ts';
import { describeConsuming } from './log-contract-consume.ts';
import { describeGroups } from './log-contract-groups.ts';
import { describeLag } from './log-contract-lag.ts';
import { describeTail } from './log-contract-tail.ts';

/** Where logs keep their records: a directory, a broker. */
export type LogPlace = {
  /** Opens the log. The suite has at most one open at a time, and opens again to see what was kept. */
  open(): Promise<Log>;
  /** Called after the last log was closed. */
  dispose(): Promise<void>;
};

/** What a test of the contract works with. */
export type LogContract = {
  readonly log: Log;
  /** Closes the log and opens it again, as a restarted process would. */
  reopen(): Promise<void>;
  /** Makes a topic with a name of its own and returns the name. */
  topic(settings?: Partial<Omit<LogTopicSettings, 'name'>>): Promise<string>;
  /** A group name of its own. */
  group(): string;
};

/**
 * The contract of the Log port as tests. Every adapter runs all of it unchanged: nothing here assumes dense offsets, one process, or that
 * a record is there the moment its append resolved.
 */
export function describeLogContract(adapter: string, createPlace: () => Promise<LogPlace>): void {
  describe(`${adapter} keeps the Log contract`, { timeout: 90_000 }, () => {
    let place: LogPlace;
    let log: Log;
    const contract: LogContract = {
      get log() {
        return log;
      },
      async reopen() {
        await log.close();
        log = await place.open();
      },
      async topic(settings = {}) {
        const name = `contract-${randomUUID()}`;
        await log.ensureTopics([{ name, partitions: 1, retentionMs: 86_400_000, groups: [], ...settings }]);
        return name;
      },
      group: () => `contract-${randomUUID()}`,
    };

    beforeAll(async () => {
      place = await createPlace();
    });
    beforeEach(async () => {
      log = await place.open();
    }, 60_000);
    afterEach(() => log.close(), 60_000);
    afterAll(() => place.dispose(), 60_000);

    describeAppending(contract);
    describeConsuming(contract);
    describeGroups(contract);
    describeTail(contract);
    describeLag(contract);
  });
}
