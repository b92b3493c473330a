import { createReceiptFeed } from '@belfry/dispatch';
import { runServiceProcess } from '@belfry/service-process';
import { CONFIG } from './config.ts';
import { createRouter } from './router.ts';

export function start(edge: NodeJS.Process): Promise<void> {
  return runServiceProcess(edge, {
    name: 'router',
    config: CONFIG,
    needs: ['log', 'store', 'backplane'],
    publishOnly: true,
    wire: ({ config, ...shared }) =>
      createRouter({
        ...shared,
        receipts: createReceiptFeed(shared),
        concurrency: config.BELFRY_ROUTER_CONCURRENCY,
        inputTopics: config.BELFRY_INPUT_TOPICS,
        newInputTopics: { partitions: config.KAFKA_TOPIC_PARTITIONS, retentionMs: config.KAFKA_WORK_RETENTION },
      }),
  });
}
