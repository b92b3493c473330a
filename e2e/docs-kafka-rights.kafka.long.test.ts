import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type KeyAndCertificate,
} from '@belfry/testing/certificate-authority';
import { findPostgres } from '@belfry/testing/find-postgres';
import { KAFKA_TOKEN_PROPERTIES, kafkaTlsProperties, unsecuredToken } from '@belfry/testing/kafka-security';
import { findKafkaLauncher, type LaunchedKafka } from '@belfry/testing/launch-kafka';
import { describeNeeding, findCommand } from '@belfry/testing/need';
import {
  type AclEntry,
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApi } from './harness/api.ts';
import { type LaunchedService, launchService, mainOf, serviceEnv } from './harness/launch-service.ts';
import { runChild } from './harness/run-child.ts';
import { waitUntil } from './harness/wait-until.ts';

const PASSWORD = 'a-password-for-tests';
const INPUT = 'orders-events';
const SERVICES = ['producer-api', 'router', 'webpush-worker', 'fcm-worker', 'scheduler', 'realtime-gateway', 'console'];
const COMPONENTS = ['upstream', ...SERVICES, 'reader of feeds'];
/** Logs in by a token in a file; the others do by a password in one. */
const BY_TOKEN = 'producer-api';
/** Longer than the 10 s before the end of a session at which kafkajs logs in again. */
const TOKEN_MS = 15_000;
const RENEWED_EVERY_MS = 4_000;
/** What an operator makes beforehand, so that nobody needs the right to create. */
const TOPICS = [INPUT, 'jobs', 'deliveries.webpush', 'deliveries.fcm', 'receipts', 'dead-letters', 'hints'].flatMap(
  (name) => (/^(?:jobs|deliveries)/.test(name) ? [`${name}.transactional`, `${name}.bulk`] : [name]),
);

/** The cells of a component's row under "Rights" in docs/kafka.md: names in code, of topics to write, topics to read, groups. */
function rightsOf(component: string): readonly (readonly string[])[] {
  const text = readFileSync(fileURLToPath(new URL('../docs/kafka.md', import.meta.url)), 'utf8');
  const row = text.split('\n').find((line) =>
    line
      .split('|')[1]
      ?.split(',')
      .some((name) => name.trim() === component),
  );
  if (row === undefined) throw new Error(`docs/kafka.md names no rights of ${component}`);
  const cells = row
    .replaceAll('its input topics', `\`${INPUT}\``)
    .replaceAll('input topics', `\`${INPUT}\``)
    .split('|');
  return cells.slice(2, 5).map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}

const userOf = (component: string): string => component.replaceAll(' ', '-');

function entriesOf(component: string): AclEntry[] {
  const entry = (resourceType: AclResourceTypes, name: string, operation: AclOperationTypes): AclEntry => ({
    resourceType,
    resourceName: name.length > 1 ? name.replace(/\*$/, '') : name,
    resourcePatternType:
      name.length > 1 && name.endsWith('*') ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
    principal: `User:${userOf(component)}`,
    host: '*',
    operation,
    permissionType: AclPermissionTypes.ALLOW,
  });
  const { TOPIC, GROUP } = AclResourceTypes;
  const { WRITE, READ, DESCRIBE, DESCRIBE_CONFIGS, DELETE } = AclOperationTypes;
  const [write = [], read = [], groups = []] = rightsOf(component);
  return [
    ...write.map((name) => entry(TOPIC, name, WRITE)),
    ...read.map((name) => entry(TOPIC, name, READ)),
    ...groups.map((name) => entry(GROUP, name, READ)),
    ...(component === 'reader of feeds' ? [entry(GROUP, 'reports', READ)] : []),
    ...groups.filter((name) => name.startsWith('tail.')).map((name) => entry(GROUP, name, DELETE)),
    ...(SERVICES.includes(component)
      ? [entry(TOPIC, '*', DESCRIBE), entry(TOPIC, '*', DESCRIBE_CONFIGS), entry(GROUP, 'router', DESCRIBE)]
      : []),
  ];
}

const postgres = await findPostgres();

const openssl = findCommand(['openssl']);

describeNeeding(
  'kafka',
  openssl.ok ? await findKafkaLauncher() : openssl,
  'the rights in docs/kafka.md',
  (launchKafka) => {
    describeNeeding('postgres', postgres, 'on a broker over TLS that grants nothing else', ({ url }) => {
      const services: LaunchedService[] = [];
      let broker: LaunchedKafka;
      let authority: CertificateAuthority;
      let client: KeyAndCertificate;
      let folder: string;
      let key: string;
      let renewing: NodeJS.Timeout;

      const clientOf = (component: string) =>
        new Kafka({
          brokers: [...broker.brokers],
          logLevel: logLevel.NOTHING,
          retry: { retries: 2 },
          ssl: { ca: authority.ca, ...client },
          sasl: { mechanism: 'scram-sha-256', username: userOf(component), password: PASSWORD },
        });

      /** Replaced as a whole, as whoever renews tokens does. */
      const renewToken = (): void => {
        writeFileSync(join(folder, 'token.new'), `${unsecuredToken(BY_TOKEN, TOKEN_MS)}\n`);
        renameSync(join(folder, 'token.new'), join(folder, 'token'));
      };
      const loginOf = (name: string): Record<string, string> =>
        name === BY_TOKEN
          ? { KAFKA_SASL_MECHANISM: 'oauthbearer', KAFKA_SASL_TOKEN_FILE: join(folder, 'token') }
          : {
              KAFKA_SASL_MECHANISM: 'scram-sha-256',
              KAFKA_SASL_USERNAME: name,
              KAFKA_SASL_PASSWORD_FILE: join(folder, 'password'),
            };

      beforeAll(async () => {
        folder = mkdtempSync(join(tmpdir(), 'belfry-rights-'));
        authority = createCertificateAuthority(openssl.ok ? openssl.value : '');
        client = authority.issue('belfry');
        const tls = { KAFKA_TLS_CA: authority.ca, KAFKA_TLS_CERT: client.cert, KAFKA_TLS_KEY: client.key };
        for (const [name, text] of Object.entries({ ...tls, password: `${PASSWORD}\n` }))
          writeFileSync(join(folder, name), text, { mode: 0o600 });
        renewToken();
        renewing = setInterval(renewToken, RENEWED_EVERY_MS);
        broker = await launchKafka({
          protocol: 'SASL_SSL',
          scramUsers: COMPONENTS.map((name) => ({
            mechanism: 'SCRAM-SHA-256',
            name: userOf(name),
            password: PASSWORD,
          })),
          properties: {
            'listener.name.client.sasl.enabled.mechanisms': 'SCRAM-SHA-256,OAUTHBEARER',
            ...kafkaTlsProperties(authority),
            ...KAFKA_TOKEN_PROPERTIES,
            'listener.name.client.scram-sha-256.sasl.jaas.config':
              'org.apache.kafka.common.security.scram.ScramLoginModule required;',
            'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
            // Those who come in by the listeners without a login: the broker itself, and this test.
            'super.users': 'User:ANONYMOUS',
          },
        });
        const admin = new Kafka({ brokers: [...broker.directBrokers], logLevel: logLevel.NOTHING }).admin();
        await admin.connect();
        await admin.createTopics({
          topics: TOPICS.map((topic) => ({ topic, numPartitions: 2 })),
          waitForLeaders: true,
        });
        await admin.createAcls({ acl: COMPONENTS.flatMap(entriesOf) });
        await admin.disconnect();

        const keys = join(folder, 'keys');
        const shared = serviceEnv({ brokers: broker.brokers, postgresUrl: url, prefix: '', keys });
        await runChild([mainOf('keys')], { cwd: folder, env: shared });
        key = readFileSync(join(keys, 'api-key'), 'utf8').trim();
        const files = Object.fromEntries(Object.keys(tls).map((name) => [name, join(folder, name)]));
        const launched = SERVICES.map((name) =>
          launchService(name, { ...shared, ...files, KAFKA_TLS: 'true', ...loginOf(name) }),
        );
        services.push(...(await Promise.all(launched)));
      }, 180_000);

      afterAll(async () => {
        clearInterval(renewing);
        await Promise.all(services.map((service) => service.stop()));
        await broker?.stop();
        if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
      });

      it('are enough for an upstream, the router and the API', async () => {
        const producer = clientOf('upstream').producer();
        await producer.connect();
        const value = JSON.stringify({ to: { users: ['alice'] }, type: 'test', title: 'With rights', id: 'rights-1' });
        await producer.send({ topic: INPUT, messages: [{ value }, { value: 'no notification' }], acks: -1 });
        await producer.disconnect();
        const get = async (path: string) =>
          (await fetch(`${services[0]?.url}${path}`, { headers: { authorization: `Bearer ${key}` } })).text();
        await waitUntil(async () => (await get('/v1/notifications/rights-1')).includes('"status":"stored"'));
        await waitUntil(async () => (await get('/v1/unreadable-jobs')).includes('"reason":"not-json"'));
      }, 90_000);

      it('are enough for every service: none was refused anything', () => {
        for (const service of services) expect(service.output()).not.toMatch(/authoriz/i);
      });

      it('outlive the token that a service logged in with: its file is read again', async () => {
        const { exp } = JSON.parse(
          Buffer.from(readFileSync(join(folder, 'token'), 'utf8').split('.')[1] ?? '', 'base64url').toString(),
        ) as { exp: number };
        await waitUntil(() => Date.now() > exp * 1_000 + RENEWED_EVERY_MS, { timeoutMs: 2 * TOKEN_MS });
        const request = { id: 'rights-2', to: { users: ['alice'] }, type: 'test', title: 'With a new token' };
        const api = createApi(services[SERVICES.indexOf(BY_TOKEN)]?.url ?? '', key);
        await waitUntil(async () => (await api.post('/v1/notifications', request)).status === 202, { everyMs: 500 });
        for (const service of services) expect(service.output()).not.toMatch(/authentication/i);
      }, 90_000);

      it('are enough to read the feeds', async () => {
        const consumer = clientOf('reader of feeds').consumer({ groupId: 'reports' });
        const heard = new Set<string>();
        await consumer.connect();
        await consumer.subscribe({ topics: ['receipts', 'dead-letters'], fromBeginning: true });
        await consumer.run({ eachMessage: async ({ topic }) => void heard.add(topic) });
        await waitUntil(() => heard.size === 2);
        await consumer.disconnect();
      }, 90_000);

      it.each(['jobs.transactional', 'receipts', 'deliveries.webpush.bulk'])(
        'keep an upstream out of %s',
        async (topic) => {
          const producer = clientOf('upstream').producer();
          await producer.connect();
          await expect(producer.send({ topic, messages: [{ value: '{}' }] })).rejects.toThrow(/authorized/i);
          await producer.disconnect();
        },
      );
    });
  },
);
