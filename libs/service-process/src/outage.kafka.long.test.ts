import { findKafkaLauncher, type LaunchedKafka } from '@belfry/testing/launch-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { runService } from './service-run.fixture.ts';

const TIMEOUT_MS = 120_000;
vi.setConfig({ testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS });

describeNeeding('kafka', await findKafkaLauncher(), 'a service and its broker', (launchKafka) => {
  let broker: LaunchedKafka;
  beforeAll(async () => {
    broker = await launchKafka();
  });
  afterAll(() => broker?.stop());

  it('names the setting when the cluster has fewer brokers than copies are asked for', async () => {
    const service = await runService(['log'], { KAFKA_BROKERS: broker.brokers.join(','), BELFRY_START_WAIT: '2s' });
    expect(await service.exitCode).toBe(1);
    expect(service.lines.find((line) => line.startsWith('idle-service'))).toMatch(
      /KAFKA_REPLICATION_FACTOR=3, KAFKA_MIN_INSYNC_REPLICAS=2: no success/,
    );
  });

  it('waits for one that comes late, is unready while it is away, and lives through all of it', async () => {
    await broker.kill();
    const service = await runService(['log'], {
      KAFKA_BROKERS: broker.brokers.join(','),
      KAFKA_REPLICATION_FACTOR: '1',
      KAFKA_MIN_INSYNC_REPLICAS: '1',
      BELFRY_LOG_LEVEL: 'warn',
    });
    await vi.waitFor(() => expect(service.lines.join()).toContain('waiting for Kafka'), TIMEOUT_MS);
    expect(await service.ready()).toBeUndefined();
    await broker.start();
    await vi.waitFor(async () => expect((await service.ready())?.status).toBe(200), TIMEOUT_MS);

    await broker.kill();
    await vi.waitFor(async () => expect((await service.ready())?.text).toContain('Kafka does not answer'), TIMEOUT_MS);
    expect(await service.isLive()).toBe(true);
    await broker.start();
    await vi.waitFor(async () => expect((await service.ready())?.status).toBe(200), TIMEOUT_MS);
    service.kill('SIGTERM');
    expect(await service.exitCode).toBe(0);
  });
});
