import kafkajs from 'kafkajs';
import { loadKafkajsSource, prototypeOf } from './kafkajs-source.ts';

type Cluster = {
  /** Repeats what fails with an error that is marked as retriable, as often as the client was configured to. */
  readonly retrier: <Result>(task: () => Promise<Result>) => Promise<Result>;
  metadata(request?: { readonly topics?: readonly string[] }): Promise<object | null>;
};

const FILE = 'cluster/index.js';
let isMended = false;

/**
 * Repeats a request of kafkajs for metadata whose line was cut, as the client does with every other request. This one either fails at once or drops the
 * failure and goes on with nothing, so that listing topics, describing the cluster and looking a topic up end with a `TypeError` instead.
 *
 * Applies to the whole process, once. Throws where kafkajs is not as it was when this was written.
 */
export function mendUnansweredMetadata(): void {
  if (isMended) return;
  const prototype = prototypeOf<Cluster>(loadKafkajsSource(FILE), FILE, ['metadata']);
  const { metadata } = prototype;
  prototype.metadata = function (request) {
    return this.retrier(async () => {
      const answer = await metadata.call(this, request);
      if (answer === null) throw new kafkajs.KafkaJSConnectionError('no broker answered a request for metadata');
      return answer;
    });
  };
  isMended = true;
}
