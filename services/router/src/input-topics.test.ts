import { describe, expect, it } from 'vitest';
import { inputTopicSettings, inputTopics } from './input-topics.ts';

const type = inputTopics();

describe('BELFRY_INPUT_TOPICS', () => {
  it.each([
    ['none', {}],
    ['orders-events=acme', { 'orders-events': 'acme' }],
    ['a.b_c=acme, d=acme ,e=grüße', { 'a.b_c': 'acme', d: 'acme', e: 'grüße' }],
  ])('reads %j, and writes it back', (text, topics) => {
    expect(type.parse(text)).toEqual({ ok: true, value: topics });
    expect(type.parse(type.format(topics))).toEqual({ ok: true, value: topics });
  });

  it.each([
    'orders',
    'orders=',
    '=acme',
    'orders=acme,',
    'orders=a=b',
    'orders=a/b',
    'or ders=acme',
    '..=acme',
    'jobs.transactional=acme',
    'deliveries.webpush.bulk=acme',
    'receipts=acme',
    'dead-letters=acme',
    'hints=acme',
    'orders=acme,orders=globex',
    Array.from({ length: 65 }, (_, index) => `t${index}=acme`).join(','),
  ])('refuses %j', (text) => {
    expect(type.parse(text).ok).toBe(false);
  });

  it('gives each topic a group of its own', () => {
    const made = { partitions: 3, retentionMs: 60_000 };
    expect(inputTopicSettings({ orders: 'acme' }, made)).toEqual([
      { name: 'orders', ...made, groups: ['router.orders'] },
    ]);
  });
});
