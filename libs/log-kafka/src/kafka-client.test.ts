import { describe, expect, it } from 'vitest';
import { createKafka, type KafkaClientOptions } from './kafka-client.ts';
import { silentLogger } from './kafka-log.fixture.ts';
import { type KafkaLogger, toLogCreator } from './kafka-logger.ts';
import { createTopicNames } from './topic-names.ts';

const options: KafkaClientOptions = { brokers: ['localhost:9092'], clientId: 'test', logger: silentLogger };

describe('createKafka', () => {
  it.each<[string, Partial<KafkaClientOptions>, string]>([
    ['no brokers', { brokers: [] }, 'brokers must name at least one host:port'],
    ['a broker without a port', { brokers: ['kafka'] }, 'brokers must be host:port, got "kafka"'],
    ['a URL', { brokers: ['kafka://kafka:9092'] }, 'brokers must be host:port'],
    ['an IPv6 address', { brokers: ['[::1]:9092'] }, 'brokers must be host:port'],
    ['no client id', { clientId: '' }, 'clientId must not be empty'],
    ['a certificate without its key', { tls: { cert: 'PEM' } }, 'tls.cert and tls.key belong together'],
    ['a key without its certificate', { tls: { key: 'PEM' } }, 'tls.cert and tls.key belong together'],
    ['no user', { sasl: { mechanism: 'plain', username: '', password: 'p' } }, 'sasl.username must not be empty'],
  ])('refuses %s', (_, change, message) => {
    expect(() => createKafka({ ...options, ...change })).toThrow(message);
  });
});

describe('createTopicNames', () => {
  it('puts the prefix before names and takes it off', () => {
    const names = createTopicNames('prod.');
    expect(names.toKafka('jobs.bulk')).toBe('prod.jobs.bulk');
    expect(names.fromKafka('prod.jobs.bulk')).toBe('jobs.bulk');
    expect(names.fromKafka('jobs.bulk')).toBeUndefined();
    expect(createTopicNames('').fromKafka('jobs')).toBe('jobs');
  });

  it.each(['a b', 'a/b', 'x'.repeat(65)])('refuses the prefix %j', (prefix) => {
    expect(() => createTopicNames(prefix)).toThrow('prefix must be at most 64 of');
  });
});

describe('the logger given to the client', () => {
  const lines: unknown[] = [];
  const logger: KafkaLogger = {
    info: (facts, message) => void lines.push(['info', facts, message]),
    warn: (facts, message) => void lines.push(['warn', facts, message]),
    error: (facts, message) => void lines.push(['error', facts, message]),
  };
  const write = toLogCreator(logger)(4);

  it.each<[string, number, string, unknown[]]>([
    [
      'an attempt that failed as a warning',
      1,
      'Connection error',
      [['warn', { broker: 'b:1' }, 'kafka Test: Connection error']],
    ],
    ['a warning', 2, 'Slow', [['warn', { broker: 'b:1' }, 'kafka Test: Slow']]],
    ['information', 4, 'Joined', [['info', { broker: 'b:1' }, 'kafka Test: Joined']]],
    ['nothing of payloads', 5, 'Response', []],
    ['nothing about our bounded retries', 2, 'Limiting retries for the idempotent producer may …', []],
  ])('passes on %s', (_, level, message, expected) => {
    lines.length = 0;
    const log = { timestamp: 'now', logger: 'kafkajs', stack: 'at …', broker: 'b:1', message };
    write({ namespace: 'Test', level, label: '', log });
    expect(lines).toEqual(expected);
  });
});
