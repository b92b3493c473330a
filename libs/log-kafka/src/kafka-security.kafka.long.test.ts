import { sleep } from '@belfry/core/clock';
import { createCertificateAuthority, type KeyAndCertificate } from '@belfry/testing/certificate-authority';
import { KAFKA_TOKEN_PROPERTIES, kafkaTlsProperties, unsecuredToken } from '@belfry/testing/kafka-security';
import { findKafkaLauncher, type LaunchedKafka } from '@belfry/testing/launch-kafka';
import { describeNeeding, findCommand } from '@belfry/testing/need';
import { realClock } from '@belfry/testing/real-clock';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { collect, openLog } from './kafka-log.fixture.ts';
import type { KafkaSasl, KafkaTls } from './kafka-security.ts';

const MODULES = 'org.apache.kafka.common.security';
const PASSWORD = 'correct-horse';
/** Beyond the 10 s before a session's end at which the client authenticates again. */
const SESSION_MS = 12_000;
const TOKEN_MS = 60_000;
const launcher = await findKafkaLauncher();
const openssl = findCommand(['openssl']);
const found = launcher.ok
  ? openssl.ok
    ? { ok: true as const, value: { launch: launcher.value, openssl: openssl.value } }
    : openssl
  : launcher;

describeNeeding('kafka', found, 'a broker that asks who we are', ({ launch, openssl }) => {
  const authority = createCertificateAuthority(openssl);
  let kafka: LaunchedKafka;
  let client: KeyAndCertificate;

  beforeAll(async () => {
    client = authority.issue('belfry');
    kafka = await launch({
      protocol: 'SASL_SSL',
      scramUsers: [
        { mechanism: 'SCRAM-SHA-256', name: 'belfry', password: PASSWORD },
        { mechanism: 'SCRAM-SHA-512', name: 'belfry', password: PASSWORD },
      ],
      properties: {
        'listener.name.client.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
        'listener.name.client.plain.sasl.jaas.config': `${MODULES}.plain.PlainLoginModule required user_belfry="${PASSWORD}";`,
        'listener.name.client.scram-sha-256.sasl.jaas.config': `${MODULES}.scram.ScramLoginModule required;`,
        'listener.name.client.scram-sha-512.sasl.jaas.config': `${MODULES}.scram.ScramLoginModule required;`,
        ...KAFKA_TOKEN_PROPERTIES,
        ...kafkaTlsProperties(authority),
        // Sessions end, so that long-lived connections show whether they authenticate again.
        'listener.name.client.connections.max.reauth.ms': `${SESSION_MS}`,
      },
    });
  }, 120_000);
  afterAll(() => kafka?.stop(), 60_000);

  const tls = (): KafkaTls => ({ ca: authority.ca, ...client });

  const ways: readonly [name: string, sasl: KafkaSasl][] = [
    ['PLAIN', { mechanism: 'plain', username: 'belfry', password: PASSWORD }],
    ['SCRAM-SHA-256', { mechanism: 'scram-sha-256', username: 'belfry', password: PASSWORD }],
    ['SCRAM-SHA-512', { mechanism: 'scram-sha-512', username: 'belfry', password: PASSWORD }],
    ['OAUTHBEARER', { mechanism: 'oauthbearer', token: async () => ({ value: unsecuredToken('belfry', TOKEN_MS) }) }],
  ];

  it.each(ways)('lets us append and consume over TLS with %s', { timeout: 90_000 }, async (_, sasl) => {
    const log = await openLog(kafka.brokers, { tls: tls(), sasl });
    try {
      await log.ensureTopics([{ name: 'jobs', partitions: 1, retentionMs: 86_400_000, groups: [] }]);
      await log.append('jobs', [{ key: 'k', value: Buffer.from('secret') }]);
      const records = await collect(log, 'jobs');
      await vi.waitFor(() => expect(records.map(({ value }) => Buffer.from(value).toString())).toEqual(['secret']), {
        timeout: 30_000,
      });
    } finally {
      await log.close();
    }
  });

  it('authenticates again before the broker ends a session, and loses nothing over it', {
    timeout: 120_000,
  }, async () => {
    let tokens = 0;
    const token = async () => {
      tokens++;
      return { value: unsecuredToken('belfry', TOKEN_MS) };
    };
    const log = await openLog(kafka.brokers, { tls: tls(), sasl: { mechanism: 'oauthbearer', token } });
    try {
      await log.ensureTopics([{ name: 'jobs', partitions: 1, retentionMs: 86_400_000, groups: [] }]);
      const records = await collect(log, 'jobs');
      await log.append('jobs', [{ key: 'k', value: Buffer.from('0') }]);
      const tokensAtFirst = tokens;
      const endsAt = realClock.monotonicMs() + 1.5 * SESSION_MS;
      let count = 1;
      for (; realClock.monotonicMs() < endsAt; count++) {
        await log.append('jobs', [{ key: 'k', value: Buffer.from(`${count}`) }]);
        await sleep(realClock, 250);
      }
      const expected = Array.from({ length: count }, (_, index) => `${index}`);
      await vi.waitFor(() => expect(records.map(({ value }) => Buffer.from(value).toString())).toEqual(expected), {
        timeout: 30_000,
      });
      expect(tokens).toBeGreaterThan(tokensAtFirst);
    } finally {
      await log.close();
    }
  });

  describe('says why not', () => {
    it.each([
      ['plain', /PLAIN authentication failed/],
      ['scram-sha-256', /SCRAM-SHA-256|SCRAM SHA256|invalid credentials/],
      ['scram-sha-512', /SCRAM-SHA-512|SCRAM SHA512|invalid credentials/],
    ] as const)('where the password of %s is wrong', { timeout: 60_000 }, async (mechanism, reason) => {
      const sasl: KafkaSasl = { mechanism, username: 'belfry', password: 'wrong' };
      const opened = openLog(kafka.brokers, { tls: tls(), sasl });
      await expect(opened).rejects.toThrow(/^connecting to Kafka failed: .*(authentication|credentials)/i);
      await expect(opened).rejects.toThrow(reason);
      await expect(opened).rejects.toMatchObject({ code: 'log-unavailable' });
    });

    it('where the token is not one', { timeout: 60_000 }, async () => {
      const sasl: KafkaSasl = { mechanism: 'oauthbearer', token: async () => ({ value: 'not.a.token' }) };
      await expect(openLog(kafka.brokers, { tls: tls(), sasl })).rejects.toThrow(/^connecting to Kafka failed: /);
    });

    it('where the broker shows a certificate of somebody else', { timeout: 60_000 }, async () => {
      const { ca } = createCertificateAuthority(openssl);
      const [[, sasl]] = ways as readonly [[string, KafkaSasl]];
      await expect(openLog(kafka.brokers, { tls: { ...tls(), ca }, sasl })).rejects.toThrow(/certificate/);
    });

    it('where we show no certificate and the broker wants one', { timeout: 60_000 }, async () => {
      const [[, sasl]] = ways as readonly [[string, KafkaSasl]];
      // Java 17 has a word of its own for it; later ones say what RFC 8446 §6.2 does.
      const refused = /certificate required|bad certificate/;
      await expect(openLog(kafka.brokers, { tls: { ca: authority.ca }, sasl })).rejects.toThrow(refused);
    });
  });
});
