import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type ComposeProject = {
  readonly name: string;
  /** `docker compose <args>`; resolves with what it printed to its standard output. Rejects, with all that it printed, when it fails. */
  run(args: readonly string[]): Promise<string>;
  /** The containers of a service, running or not. */
  containers(service: string): Promise<readonly string[]>;
  /** Starts everything; resolves when it is started, not when it is ready. `args` as `--scale webpush-worker=3`. */
  up(args?: readonly string[]): Promise<void>;
  /** Ends everything; volumes are kept unless they are to be removed. */
  down(options?: { readonly removeVolumes: boolean }): Promise<void>;
};

export type ComposeProjectOptions = {
  readonly name: string;
  /** Added to docker-compose.yml. */
  readonly overrideFile?: string;
  /** Values for the variables of the compose file. */
  readonly env?: Readonly<Record<string, string>>;
};

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMMAND_TIMEOUT_MS = 10 * 60_000;

/** The stack of docker-compose.yml under a name of its own, so that it shares no container, network or volume with another one on this machine. */
export function createComposeProject({ name, overrideFile, env = {} }: ComposeProjectOptions): ComposeProject {
  const files = ['docker-compose.yml', ...(overrideFile === undefined ? [] : [overrideFile])];
  const options = ['compose', '-p', name, ...files.flatMap((file) => ['-f', file])];
  const run = (args: readonly string[]): Promise<string> => runDocker([...options, ...args], env);
  return {
    name,
    run,
    containers: async (service) => lines(await run(['ps', '-a', '-q', service])),
    up: async (args = []) => void (await run(['up', '-d', '--no-build', ...args])),
    down: async ({ removeVolumes } = { removeVolumes: false }) =>
      void (await run(['down', '--remove-orphans', ...(removeVolumes ? ['--volumes'] : [])])),
  };
}

/**
 * Makes the images that the stack runs, unless `BELFRY_TAG` names some that are there already. One after another with the layer cache, so that a second call only takes
 * seconds.
 */
export async function buildImages(): Promise<void> {
  if (process.env.BELFRY_TAG) return;
  await runDocker(['compose', '-f', 'docker-compose.yml', 'build']);
}

/** `docker <args>` in the root of the repository; resolves with its standard output. */
export function runDocker(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const child = spawn('docker', [...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: COMMAND_TIMEOUT_MS,
  });
  return outputOf(child, `docker ${args.join(' ')}`);
}

function outputOf(child: ChildProcess, what: string): Promise<string> {
  let output = '';
  let all = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    all += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    all += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${what} ended with ${code ?? signal}:\n${all}`));
    });
  });
}

export function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
