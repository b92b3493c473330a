import { spawn } from 'node:child_process';

export type ChildOptions = {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
};

export type ChildResult = {
  /** Null when a signal ended it. */
  readonly code: number | null;
  /** What it wrote to its standard output, without colours. */
  readonly lines: readonly string[];
};

/** Runs a Node program to its end. What it prints is passed on as it comes. */
export async function runChild(args: readonly string[], { cwd, env }: ChildOptions): Promise<ChildResult> {
  const child = spawn(process.execPath, [...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = (): void => void child.kill();
  process.once('exit', stop);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    process.stdout.write(chunk);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  process.off('exit', stop);
  return { code, lines: text.split('\n').filter((line) => line.trim() !== '') };
}
