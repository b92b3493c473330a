import type { AppendedPosition, Log, LogRecord } from '@belfry/core/log';
import { isUnavailable } from '@belfry/core/unavailable-error';
import { expect, vi } from 'vitest';
import { collect } from './kafka-log.fixture.ts';

export type AppendLoad = {
  readonly confirmed: readonly (AppendedPosition & { readonly id: string })[];
  /** Lets the writers finish what they are at. */
  stop(): Promise<void>;
  /** Reads the topic through `reader` and compares. Resolves with a line that tells the figures. */
  check(reader: Log): Promise<string>;
};

/** Writers that append one record after the other, each under its own key, and remember what was confirmed. */
export function startAppendLoad(log: Log, logTopic: string, writers: number): AppendLoad {
  const confirmed: (AppendedPosition & { readonly id: string })[] = [];
  let isStopping = false;
  let rejected = 0;

  async function write(writer: number): Promise<void> {
    for (let count = 0; !isStopping; count++) {
      const id = `${writer}-${count}`;
      try {
        const [position] = await log.append(logTopic, [{ key: `key-${writer}`, value: Buffer.from(id) }]);
        if (position !== undefined) confirmed.push({ ...position, id });
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        rejected++;
      }
    }
  }
  const running = Array.from({ length: writers }, (_, writer) => write(writer));

  return {
    confirmed,
    async stop() {
      isStopping = true;
      await Promise.all(running);
    },
    async check(reader) {
      const records = await collect(reader, logTopic);
      await vi.waitFor(() => expect(missing(confirmed, records)).toEqual([]), { timeout: 60_000, interval: 500 });
      const ids = records.map(idOf);
      const stored = new Map(records.map((record) => [positionOf(record), idOf(record)]));
      expect(confirmed.filter((position) => stored.get(positionOf(position)) !== position.id)).toEqual([]);
      expect(new Set(confirmed.map(positionOf)).size).toBe(confirmed.length);
      // A record that was given up may be stored late; the confirmed ones of a key are where they were confirmed, in order.
      for (const ofKey of Map.groupBy(confirmed, ({ id }) => id.split('-')[0]).values()) {
        const offsets = ofKey.map(({ offset }) => offset);
        expect(offsets).toEqual(offsets.toSorted((a, b) => Number(a - b)));
      }
      const twice = records.length - new Set(ids).size;
      return `${confirmed.length} confirmed, ${rejected} rejected, ${twice} stored more than once`;
    },
  };
}

function missing(confirmed: readonly { readonly id: string }[], records: readonly LogRecord[]): string[] {
  const stored = new Set(records.map(idOf));
  return confirmed.map(({ id }) => id).filter((id) => !stored.has(id));
}

function idOf({ value }: LogRecord): string {
  return Buffer.from(value).toString();
}

function positionOf({ partition, offset }: AppendedPosition): string {
  return `${partition}/${offset}`;
}
