import type { Clock } from '@belfry/core/clock';
import type { Store } from '@belfry/core/store/store';
import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { describeAccepting } from './store-contract-accept.ts';
import { describeCancelling } from './store-contract-cancel.ts';
import { describeCredentials } from './store-contract-credentials.ts';
import { describeDeadLetters } from './store-contract-dead-letters.ts';
import { describeDevices } from './store-contract-devices.ts';
import { describeGate } from './store-contract-gate.ts';
import { describeIdempotency } from './store-contract-idempotency.ts';
import { describeInterleavings } from './store-contract-interleavings.ts';
import { describeLedger } from './store-contract-ledger.ts';
import { describeMarks } from './store-contract-marks.ts';
import { describeRedriving } from './store-contract-redrive.ts';
import { describeRetention } from './store-contract-retention.ts';
import { describeRouting } from './store-contract-routing.ts';
import { describeSettling } from './store-contract-settle.ts';
import { describeTimers } from './store-contract-timers.ts';
import { describeUserStream } from './store-contract-user-stream.ts';

/** Where a store keeps its rows: a directory, a schema of a database server. Empty when made. */
export type StorePlace = {
  /** Opens the store. The suite has at most one open at a time, and opens again to see what was kept. */
  open(clock: Pick<Clock, 'nowMs'>): Promise<Store>;
  /** Called after the last store was closed. */
  dispose(): Promise<void>;
};

/** What a test of the contract works with. */
export type StoreContract = {
  readonly store: Store;
  /** The store's clock. Only ever moved forward: other tests of the use case share the store. */
  readonly clock: FakeClock;
  /** Closes the store and opens it again, as a restarted process would. */
  reopen(): Promise<void>;
};

/**
 * The contract of the Store port as tests, a file per use case. Every adapter runs all of it unchanged. Tests of one use case share a
 * store and keep out of each other's way by tenant; where a method looks at the whole store, each test has one of its own.
 */
export function describeStoreContract(adapter: string, createPlace: () => Promise<StorePlace>): void {
  describe(`${adapter} keeps the Store contract`, { timeout: 60_000 }, () => {
    describeUseCase('accept', describeAccepting);
    describeUseCase('idempotency', describeIdempotency);
    describeUseCase('routing', describeRouting);
    describeUseCase('gate', describeGate);
    describeUseCase('settle', describeSettling);
    describeUseCase('timers', describeTimers, 'a store for each test');
    describeUseCase('user stream', describeUserStream);
    describeUseCase('marks', describeMarks);
    describeUseCase('ledger', describeLedger);
    describeUseCase('cancel', describeCancelling);
    describeUseCase('dead letters', describeDeadLetters);
    describeUseCase('redrive', describeRedriving);
    describeUseCase('devices and users', describeDevices);
    describeUseCase('credentials', describeCredentials);
    describeUseCase('retention', describeRetention, 'a store for each test');
    describeUseCase('interleavings', describeInterleavings);
  });

  function describeUseCase(
    name: string,
    describeTests: (contract: StoreContract) => void,
    sharing: 'one store' | 'a store for each test' = 'one store',
  ): void {
    describe(name, () => {
      let place: StorePlace;
      let store: Store;
      let clock: FakeClock;
      const begin = async () => {
        clock = createFakeClock();
        place = await createPlace();
        store = await place.open(clock);
      };
      const end = async () => {
        await store.close();
        await place.dispose();
      };
      if (sharing === 'one store') {
        beforeAll(begin, 60_000);
        afterAll(end, 60_000);
      } else {
        beforeEach(begin, 60_000);
        afterEach(end, 60_000);
      }
      describeTests({
        get store() {
          return store;
        },
        get clock() {
          return clock;
        },
        async reopen() {
          await store.close();
          store = await place.open(clock);
        },
      });
    });
  }
}
