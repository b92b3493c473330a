import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** Starts a script of this folder as a process with a channel. A failure of it is one of the bench. */
export function startChild(script: string, args: readonly string[] = []): ChildProcess {
  const child = fork(path.join(import.meta.dirname, script), [...args]);
  child.on('exit', (code) => {
    if (code !== 0) process.exit(1);
  });
  return child;
}

/** Sends the command and resolves with the next message. One question at a time. */
export async function askChild<Answer>(child: ChildProcess, command: object): Promise<Answer> {
  const answer = once(child, 'message');
  child.send(command);
  const [message] = await answer;
  return message as Answer;
}
