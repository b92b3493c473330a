import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { INPUT_EXAMPLES } from '@belfry/protocol/asyncapi-examples';
import { unreadableJobRecordSchema } from '@belfry/protocol/dead-letter-record';
import { receiptSchema } from '@belfry/protocol/receipt';
import { findKafka } from '@belfry/testing/find-kafka';
import { describeNeeding, findCommand } from '@belfry/testing/need';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RunningRouter, startRouter } from './router.fixture.ts';

const TENANT = 'acme';
const INPUT = 'orders-events';
const PATIENCE = { timeout: 60_000, interval: 100 };

describeNeeding('kafka', await findKafka(), 'an upstream on Kafka', ({ brokers }) => {
  describeNeeding('kcat', findCommand(['kcat', 'kafkacat']), 'that is not Belfry', (kcat) => {
    let router: RunningRouter;
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'belfry-kcat-'));
      router = await startRouter(brokers, { [INPUT]: TENANT });
    });
    afterAll(async () => {
      await router?.stop();
      await rm(folder, { recursive: true });
    });

    /** Runs kcat and resolves with what it printed. */
    async function run(args: readonly string[], input = ''): Promise<string> {
      const child = spawn(kcat, ['-b', brokers.join(','), ...args]);
      child.stdin.end(input);
      let printed = '';
      let complaints = '';
      child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
      const status = await new Promise((resolve) => child.once('close', resolve));
      if (status !== 0) throw new Error(`kcat ${args.join(' ')}: ${complaints}`);
      return printed;
    }
    const produce = (lines: readonly string[], ...args: string[]) =>
      run(['-P', '-t', router.topic(INPUT), ...args], lines.map((line) => `${line}\n`).join(''));
    async function produceBytes(bytes: Uint8Array, ...args: string[]): Promise<void> {
      const file = path.join(folder, 'value');
      await writeFile(file, bytes);
      await run(['-P', '-t', router.topic(INPUT), ...args, file]);
    }
    /** All JSON records of a feed. */
    const read = async (topic: string) =>
      (await run(['-C', '-e', '-q', '-o', 'beginning', '-t', router.topic(topic)]))
        .split('\n')
        .filter((line) => line !== '')
        .map((line): unknown => JSON.parse(line));
    const titlesOf = async (user: string) =>
      (await router.store.readStream({ tenant: TENANT, user }, 0, 1_000)).items.map((item) => item.notification.title);
    const seen = async (user: string, titles: readonly string[]) =>
      vi.waitFor(async () => expect(await titlesOf(user)).toEqual(titles), PATIENCE);
    const note = (user: string, title: string, more: object = {}) =>
      JSON.stringify({ to: { users: [user] }, type: 'test', title, ...more });

    it('reaches the inbox with the least record and with the full one, and is told so', async () => {
      await produce([JSON.stringify(INPUT_EXAMPLES.least), JSON.stringify(INPUT_EXAMPLES.full)], '-k', 'customer-17');
      await seen('alice', [INPUT_EXAMPLES.least.title, INPUT_EXAMPLES.full.title]);
      const { id } = INPUT_EXAMPLES.full;
      expect((await router.store.readNotification(TENANT, id, undefined, 10))?.status).toBe('routed');
      await vi.waitFor(async () => {
        const receipts = (await read('receipts')).map((each) => receiptSchema.parse(each));
        const states = receipts.filter(({ notificationId }) => notificationId === id).map(({ state }) => state);
        expect(new Set(states)).toEqual(new Set(['accepted', 'routed', 'stored', 'skipped']));
      }, PATIENCE);
    });

    it('needs no key, and its headers count for nothing', async () => {
      await produce([note('keyless', 'here')], '-H', 'belfry-tenant=globex', '-H', 'constructor=x', '-H', 'empty=');
      await seen('keyless', ['here']);
      expect(await router.store.heads([{ tenant: 'globex', user: 'keyless' }])).toEqual([0]);
    });

    it('holds nobody up with what is no notification', async () => {
      const place = ['-k', 'same', '-p', '0'];
      const bad: readonly [reason: string, write: () => Promise<unknown>][] = [
        ['not-json', () => produce(['{"to":'], ...place)],
        ['empty', () => run(['-P', '-t', router.topic(INPUT), '-p', '0', '-Z', '-K', ':'], 'same:\n')],
        ['not-utf8', () => produceBytes(Buffer.from([0xff, 0, 1, 2]), ...place)],
        ['too-large: 300000 bytes, at most 262144', () => produceBytes(Buffer.alloc(300_000, 'x'), ...place)],
        ['invalid: /v ', () => produce([note('same', 'x', { v: 9 })], ...place)],
        ['invalid: /id ', () => produce([note('same', 'x', { id: 'a/b' })], ...place)],
        ['invalid: / ', () => produce([note('same', 'x', { tenant: 'globex' })], ...place)],
        ['id-conflict: ', () => produce([note('same', 'x', { id: INPUT_EXAMPLES.full.id })], ...place)],
      ];
      const titles = ['first'];
      await produce([note('same', 'first')], ...place);
      for (const [reason, write] of bad) {
        await write();
        titles.push(`behind ${reason}`);
        await produce([note('same', `behind ${reason}`)], ...place);
      }
      await seen('same', titles);

      const reasons = bad.map(([reason]) => reason);
      const startsRight = (found: readonly { readonly reason: string }[]) =>
        expect(
          found.map(({ reason }) => reasons.find((start) => reason.startsWith(start)) ?? reason).toSorted(),
        ).toEqual(reasons.toSorted());
      const kept = await router.store.listUnreadableJobs(undefined, 100);
      startsRight(kept);
      expect(new Set(kept.map(({ tenant, logTopic, partition }) => `${tenant} ${logTopic} ${partition}`))).toEqual(
        new Set([`${TENANT} ${INPUT} 0`]),
      );
      expect(kept.find(({ reason }) => reason.startsWith('too-large'))?.raw).toHaveLength(65_536);
      expect(await router.metrics()).toContain(`belfry_unreadable_jobs_total{log_topic="${INPUT}",reason="invalid"} 3`);
      await vi.waitFor(async () => {
        const letters = (await read('dead-letters')).map((each) => unreadableJobRecordSchema.parse(each));
        startsRight([...new Map(letters.map((letter) => [letter.id, letter])).values()]);
      }, PATIENCE);
    });

    describe.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('with %s compression', (codec) => {
      it('is read record by record, in order', async () => {
        const titles = Array.from({ length: 100 }, (_, index) => `${index}`);
        const lines = titles.map((title) => note(`with-${codec}`, title, { body: 'the same again '.repeat(20) }));
        await produce(lines, '-k', 'one', '-z', codec);
        await seen(`with-${codec}`, titles);
      });
    });
  });
});
