// Usage: node appender.ts <directory> <acks file> <first sequence> <records> [checkpoint pages]. Appends under load until it has appended that
// many or is killed; writes a line for each acknowledged record.
import { openSync, writeSync } from 'node:fs';
import { realClock } from '@belfry/testing/real-clock';
import { createEmbeddedLog } from '../embedded-log.ts';
import { ackLine, WORKLOAD_TOPIC, workloadRecord } from './workload.ts';

const POSTERS = 32;
const [directory = '', acks = '', firstSequence = '0', records = '0', checkpointPages = '4096'] = process.argv.slice(2);
const witness = openSync(acks, 'a');
const lastSequence = Number(firstSequence) + Math.ceil(Number(records) / POSTERS);
const onFatal = (error: Error) => {
  throw error;
};
const log = await createEmbeddedLog({ directory, clock: realClock, onFatal, checkpointPages: Number(checkpointPages) });
await log.ensureTopics([WORKLOAD_TOPIC]);

await Promise.all(
  Array.from({ length: POSTERS }, async (_, poster) => {
    const key = `poster-${poster}`;
    let sequence = Number(firstSequence);
    while (sequence < lastSequence) {
      const batch = Array.from({ length: 1 + (sequence % 4) }, (_each, index) => ({ key, sequence: sequence + index }));
      const positions = await log.append(WORKLOAD_TOPIC.name, batch.map(workloadRecord));
      const lines = positions.map(({ partition, offset }, index) =>
        ackLine({ key, sequence: sequence + index, partition, offset: Number(offset) }),
      );
      writeSync(witness, lines.join(''));
      sequence += batch.length;
    }
  }),
);
await log.close();
