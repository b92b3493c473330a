import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  apiVersions,
  asksForMetadata,
  type HandMadeBroker,
  metadata,
  startHandMadeBroker,
} from './hand-made-broker.fixture.ts';
import { createKafka } from './kafka-client.ts';
import { silentLogger } from './kafka-log.fixture.ts';

let broker: HandMadeBroker;
beforeEach(async () => {
  broker = await startHandMadeBroker();
});
afterEach(() => broker.stop());

/** Answers every request but those for metadata that `isCut` names, by their number from 1: these end their connection. Counts them. */
function answerAllBut(isCut: (metadataRequest: number) => boolean): { asked: number } {
  const seen = { asked: 0 };
  broker.answerWith((socket, request) => {
    if (!asksForMetadata(request)) socket.write(apiVersions(request));
    else if (isCut(++seen.asked)) socket.destroy();
    else socket.write(metadata(request, broker.port));
  });
  return seen;
}

const connect = () =>
  createKafka({ brokers: [`127.0.0.1:${broker.port}`], clientId: 'c', logger: silentLogger }).admin();

it('asks again where the connection was cut instead of an answer', async () => {
  // The first finds out who the brokers are; what was asked for comes after it.
  const seen = answerAllBut((request) => request === 2 || request === 3);
  const admin = connect();
  await admin.connect();
  expect((await admin.describeCluster()).brokers).toEqual([{ nodeId: 1, host: '127.0.0.1', port: broker.port }]);
  expect(seen.asked).toBeGreaterThan(3);
  await admin.disconnect();
});

it('fails in the end where none is ever answered', { timeout: 30_000 }, async () => {
  answerAllBut((request) => request > 1);
  const admin = connect();
  await admin.connect();
  await expect(admin.listTopics()).rejects.toMatchObject({ name: 'KafkaJSNumberOfRetriesExceeded' });
  await admin.disconnect();
});
