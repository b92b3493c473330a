import kafkajs, { type KafkaJSProtocolError } from 'kafkajs';

/** The failure that the client wrapped, as it says "retries exceeded" around everything. */
export function rootFailure(error: unknown): unknown {
  let root = error;
  while (root instanceof kafkajs.KafkaJSError && root.cause instanceof Error) root = root.cause;
  return root;
}

/** Whether a broker answered, and the answer was this error. */
export function isProtocolError(error: unknown): error is KafkaJSProtocolError {
  return error instanceof kafkajs.KafkaJSProtocolError;
}

/** One line for a log or a message: the protocol's name of the error where there is one. */
export function describeFailure(error: unknown): string {
  const root = rootFailure(error);
  if (!(root instanceof Error)) return String(root);
  return isProtocolError(root) ? `${root.type}: ${root.message}` : root.message;
}
