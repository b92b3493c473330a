import { createReceiptFeed, logLostReceipts } from '@belfry/dispatch';
import { runServiceProcess } from '@belfry/service-process';
import { CONFIG } from './config.ts';
import { createScheduler } from './scheduler.ts';

export function start(edge: NodeJS.Process): Promise<void> {
  return runServiceProcess(edge, {
    name: 'scheduler',
    config: CONFIG,
    needs: ['log', 'store'],
    wire: ({ config, ...shared }) =>
      createScheduler({
        ...shared,
        receipts: createReceiptFeed({ ...shared, onLost: logLostReceipts(shared.logger) }),
        retention: {
          notificationsMs: config.BELFRY_RETENTION_NOTIFICATIONS,
          deadLettersMs: config.BELFRY_RETENTION_DEAD_LETTERS,
        },
      }),
  });
}
