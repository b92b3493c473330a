import type { DeliveryRef } from '@belfry/core/delivery';
import type { NewLogRecord } from '@belfry/core/log';
import { hostOfDelivery, parseDelivery } from '@belfry/protocol/delivery-record';
import { describe, expect, it } from 'vitest';
import { createDeliveryAppender } from './delivery-appender.ts';

const ref = (recipient: string, fields: Partial<DeliveryRef> = {}): DeliveryRef => ({
  tenant: 'acme',
  deliveryId: `d-${recipient}`,
  notificationId: 'n',
  recipient,
  channel: 'webpush',
  deviceId: 'v',
  lane: 'transactional',
  attempt: 1,
  redrive: 0,
  ...fields,
});

describe('createDeliveryAppender', () => {
  it('shares an append per topic, keyed by the recipient, in the order of the calls', async () => {
    const appended: [string, readonly NewLogRecord[]][] = [];
    const append = createDeliveryAppender({
      append: async (topic, records) => {
        appended.push([topic, records]);
        return records.map(() => ({ partition: 0, offset: 0n }));
      },
    });
    const refs = [
      ref('ann'),
      ref('bob', { channel: 'fcm' }),
      ref('cay'),
      ref('ann', { attempt: 2 }),
      ref('dan', { lane: 'bulk' }),
    ];
    await Promise.all(refs.map(append));
    const byTopic = appended.map(([topic, records]) => [topic, records.map(({ key }) => key)]);
    expect(byTopic).toEqual([
      ['deliveries.webpush.transactional', ['acme/ann', 'acme/cay', 'acme/ann']],
      ['deliveries.fcm.transactional', ['acme/bob']],
      ['deliveries.webpush.bulk', ['acme/dan']],
    ]);
    const read = appended.flatMap(([, records]) => records.map(({ value }) => parseDelivery(value)));
    expect(new Set(read)).toEqual(new Set(refs));
  });

  it('says beside the delivery which push service it is for', async () => {
    const appended: NewLogRecord[] = [];
    const append = createDeliveryAppender({
      append: async (_topic, records) => {
        appended.push(...records);
        return [];
      },
    });
    await Promise.all([append(ref('ann', { host: 'push.example:8443' })), append(ref('bob', { channel: 'fcm' }))]);
    const hosts = appended.map(({ headers = {} }) => hostOfDelivery({ headers }));
    expect(hosts).toEqual(['push.example:8443', undefined]);
    expect(appended[0] && parseDelivery(appended[0].value)).toEqual(ref('ann'));
  });

  it('does not let one topic that is down hold up another', async () => {
    const append = createDeliveryAppender({
      append: async (topic) => {
        if (topic.startsWith('deliveries.fcm')) throw new Error('down');
        return [];
      },
    });
    const results = await Promise.allSettled([append(ref('ann')), append(ref('ann', { channel: 'fcm' }))]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });
});
