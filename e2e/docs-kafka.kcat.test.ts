import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findKafka } from '@belfry/testing/find-kafka';
import { findPostgres } from '@belfry/testing/find-postgres';
import { describeNeeding, findCommand } from '@belfry/testing/need';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LaunchedService, launchService, mainOf, serviceEnv } from './harness/launch-service.ts';
import { runChild } from './harness/run-child.ts';
import { openShell, type Shell } from './harness/shell.ts';
import { readTour, walk } from './harness/tour.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COMMAND_TIMEOUT_MS = 60_000;

const kafka = await findKafka();
const postgres = await findPostgres();
const tools = [findCommand(['bash']), findCommand(['curl'])].find((tool) => !tool.ok) ?? findCommand(['kcat']);

describeNeeding('kcat', tools, 'docs/kafka.md, with kcat as the upstream', () => {
  describeNeeding('kafka', kafka, 'Kafka', ({ brokers }) => {
    describeNeeding('postgres', postgres, 'and PostgreSQL', ({ url }) => {
      const steps = readTour(readFileSync(join(ROOT, 'docs/kafka.md'), 'utf8'), 'Try it');
      const prefix = `${randomUUID()}.`;
      const services: LaunchedService[] = [];
      let folder: string;
      let shell: Shell;

      beforeAll(async () => {
        folder = mkdtempSync(join(tmpdir(), 'belfry-docs-kafka-'));
        const env = serviceEnv({ brokers, postgresUrl: url, prefix, keys: join(folder, 'keys') });
        const keys = await runChild([mainOf('keys')], { cwd: folder, env });
        expect(keys.code).toBe(0);
        services.push(await launchService('producer-api', env), await launchService('router', env));
        shell = openShell({ cwd: folder, timeoutMs: COMMAND_TIMEOUT_MS });
        await shell.run(`KAFKA_TOPIC_PREFIX=${prefix}`);
      }, 150_000);

      afterAll(async () => {
        shell?.close();
        await Promise.all(services.map((service) => service.stop()));
        rmSync(folder, { recursive: true, force: true });
      });

      // One test per command, since each needs those before it. Only the addresses are others.
      it.each(steps.map((step) => [step.command, step] as const))(
        '%s',
        async (_title, { command, expected }) => {
          const here = command
            .replace('BROKERS=localhost:9092', `BROKERS=${brokers.join(',')}`)
            .replace('BELFRY=http://localhost:8080', `BELFRY=${services[0]?.url}`);
          await walk(shell, { command: here, expected }).catch((error: unknown) => {
            throw new Error([String(error), ...services.map((service) => service.output())].join('\n'));
          });
        },
        COMMAND_TIMEOUT_MS + 15_000,
      );
    });
  });
});
