import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { waitUntil } from './wait-until.ts';

export type Shell = {
  /** Runs a command; resolves with its exit status. Variables, functions and background jobs stay for the next one. */
  run(command: string): Promise<number>;
  /** Everything printed since the last `run` began, by background jobs too. */
  output(): string;
  /** Ends the shell and what it started. */
  close(): void;
};

export type ShellOptions = {
  readonly cwd: string;
  /** For one command. */
  readonly timeoutMs: number;
  /** On top of this process's own. */
  readonly env?: Readonly<Record<string, string>>;
};

/** A bash that is kept open, as a terminal is. `node` in it is the one that runs this process. */
export function openShell({ cwd, timeoutMs, env = {} }: ShellOptions): Shell {
  const PATH = `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH ?? ''}`;
  // A process group of its own, so that background jobs end with it.
  const child = spawn('bash', ['--noprofile', '--norc'], {
    cwd,
    detached: true,
    env: { ...process.env, ...env, PATH },
  });
  let printed = '';
  let begin = 0;
  const keep = (chunk: Buffer): void => {
    printed += chunk.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);

  return {
    run: async (command) => {
      const mark = randomUUID();
      begin = printed.length;
      // A command that reads its input, as `docker compose exec` does, would eat what comes after it.
      child.stdin.write(`{ ${command}\n} </dev/null\nprintf '%s %s\\n' '${mark}' "$?"\n`);
      const ended = new RegExp(`${mark} (\\d+)\\n`);
      const status = await waitUntil(() => ended.exec(printed)?.[1], { timeoutMs, what: command });
      printed = printed.replace(ended, '');
      return Number(status);
    },
    output: () => printed.slice(begin),
    close: () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    },
  };
}
