import { connect } from 'node:net';

const ANSWER_MS = 3_000;

/** Connects, sends, and rejects unless the first bytes of the answer pass. */
export function probeTcp(
  host: string,
  port: number,
  request: Uint8Array,
  isAnswer: (answer: Buffer) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: ANSWER_MS });
    const fail = (reason: string) => {
      socket.destroy();
      reject(new Error(`${host}:${port} ${reason}`));
    };
    socket.once('connect', () => socket.write(request));
    socket.once('data', (answer) => {
      if (!isAnswer(answer)) return fail(`answers ${JSON.stringify(answer.toString('latin1').slice(0, 200))}`);
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => fail(`does not answer within ${ANSWER_MS} ms`));
    socket.once('close', () => fail('closed the connection'));
    socket.once('error', (error) => fail(`cannot be reached: ${error.message}`));
  });
}
