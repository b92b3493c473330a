import type { AppendedPosition, LogRecord, LogTopicSettings, NewLogRecord } from '@belfry/core/log';

/** A record of which the workload knows every byte, so that whoever reads it can tell whether it is right. */
export type Expected = { readonly key: string; readonly sequence: number };

/** An append that was acknowledged. */
export type Acknowledged = Expected & { readonly partition: number; readonly offset: number };

export const WORKLOAD_TOPIC: LogTopicSettings = {
  name: 'workload',
  partitions: 3,
  retentionMs: Number.MAX_SAFE_INTEGER,
  groups: ['reader', 'reader-of-all'],
};

const encoder = new TextEncoder();

export function workloadRecord({ key, sequence }: Expected): NewLogRecord {
  const text = `${key}:${sequence};`;
  const times = 1 + ((sequence * 7_919) % 40);
  return { key, value: encoder.encode(text.repeat(times)), headers: { sequence: String(sequence) } };
}

/** What the record claims to be; undefined where it is not, to the byte, what the workload wrote under that name. */
export function recognise(record: LogRecord): Expected | undefined {
  const claimed = { key: record.key, sequence: Number(record.headers.sequence) };
  const written = workloadRecord(claimed);
  return Buffer.from(written.value).equals(record.value) ? claimed : undefined;
}

/** Where a record is, as one key. */
export function placeOf({ partition, offset }: AppendedPosition): string {
  return `${partition}/${offset}`;
}

export function ackLine({ key, sequence, partition, offset }: Acknowledged): string {
  return `${key} ${sequence} ${partition} ${offset}\n`;
}

/** The acknowledgements of such lines. */
export function parseAcks(lines: readonly string[]): Acknowledged[] {
  return lines.map((line) => {
    const [key = '', sequence, partition, offset] = line.split(' ');
    return { key, sequence: Number(sequence), partition: Number(partition), offset: Number(offset) };
  });
}

/**
 * What is wrong with a reading of the log: records that were never written like that, records of a key out of order, and
 * acknowledged records that are not where they were acknowledged. Empty when nothing is.
 */
export function faultsOf(records: readonly LogRecord[], acknowledged: readonly Acknowledged[]): string[] {
  const faults: string[] = [];
  const found = new Map<string, Expected>();
  const latest = new Map<string, number>();
  for (const record of records) {
    const expected = recognise(record);
    const place = placeOf(record);
    if (expected === undefined) {
      faults.push(`${place} is not what was written`);
      continue;
    }
    found.set(place, expected);
    if (expected.sequence <= (latest.get(expected.key) ?? -1)) faults.push(`${place} is out of order`);
    latest.set(expected.key, expected.sequence);
  }
  for (const { key, sequence, partition, offset } of acknowledged) {
    const at = found.get(`${partition}/${offset}`);
    if (at?.key !== key || at.sequence !== sequence) faults.push(`${key} ${sequence} was acknowledged and is lost`);
  }
  return faults;
}
