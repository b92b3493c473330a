import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { KafkaJars } from './kafka-jars.ts';
import { createProcessRun } from './process-run.ts';
import type { ServerRun } from './server-run.ts';

export const KAFKA_CLUSTER_ID = 'QmVsZnJ5VGVzdHNLYWZrYQ';
export const KAFKA_QUIET = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';

export type KafkaProcessOptions = {
  /** The properties file of a broker that has its data in this folder. */
  readonly propertiesFor: (data: string) => string;
  /** Of the storage tool. */
  readonly formatArguments: readonly string[];
  readonly heapMiB: number;
};

/** A broker from Kafka's own jars, as a process. */
export function createKafkaProcess({ java, classPath }: KafkaJars, options: KafkaProcessOptions): ServerRun {
  const fileOf = (folder: string) => `${folder}/server.properties`;
  return createProcessRun({
    name: 'kafka',
    async prepare(folder) {
      await writeFile(fileOf(folder), options.propertiesFor(`${folder}/data`));
      const format = ['kafka.tools.StorageTool', 'format', '-t', KAFKA_CLUSTER_ID, '-c', fileOf(folder)];
      const args = [KAFKA_QUIET, '-cp', classPath, ...format, ...options.formatArguments];
      await promisify(execFile)(java, args, { timeout: 60_000 });
    },
    command: (folder) => [
      java,
      `-Xmx${options.heapMiB}m`,
      KAFKA_QUIET,
      '-cp',
      classPath,
      'kafka.Kafka',
      fileOf(folder),
    ],
  });
}
