import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { removeComposeProject } from '@belfry/testing/remove-compose-project';
import { sweepLater } from '@belfry/testing/sweeper';

export type ComposeProject = {
  readonly name: string;
  /** `docker compose <args>`; resolves with what it printed to its standard output. Rejects, with all that it printed, when it fails. */
  run(args: readonly string[]): Promise<string>;
  /** The containers of a service, running or not. */
  containers(service: string): Promise<readonly string[]>;
  /** Starts everything; resolves when it is started, not when it is ready. `args` as `--scale webpush-worker=3`. */
  up(args?: readonly string[]): Promise<void>;
  /** Ends everything in good order; the volumes stay. */
  down(): Promise<void>;
  /** Ends everything at once, and removes the volumes. */
  remove(): Promise<void>;
};

export type ComposeProjectOptions = {
  readonly name: string;
  /** The checkout. Default: this one. */
  readonly directory?: string;
  /** Added to docker-compose.yml, in the place of the checkout's own docker-compose.override.yml. */
  readonly overrideFile?: string;
  /** Values for the variables of the compose file. */
  readonly env?: Readonly<Record<string, string>>;
};

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMMAND_TIMEOUT_MS = 10 * 60_000;

/** The stack of docker-compose.yml under a name of its own, so that it shares no container, network or volume with another one on this machine. */
export function createComposeProject({ name, directory, overrideFile, env }: ComposeProjectOptions): ComposeProject {
  const files = overrideFile === undefined ? [] : ['-f', 'docker-compose.yml', '-f', overrideFile];
  const options = ['compose', '-p', name, ...files];
  const run = (args: readonly string[]): Promise<string> => runDocker([...options, ...args], { directory, env });
  const keep = sweepLater({ kind: 'compose-project', name });
  return {
    name,
    run,
    containers: async (service) => {
      // Asked of Docker itself, which answers sooner.
      const labels = [`com.docker.compose.project=${name}`, `com.docker.compose.service=${service}`];
      return lines(await runDocker(['ps', '-a', '-q', ...labels.flatMap((label) => ['--filter', `label=${label}`])]));
    },
    up: async (args = []) => void (await run(['up', '-d', '--no-build', ...args])),
    down: async () => void (await run(['down', '--remove-orphans']).catch((error) => acceptKeptNetwork(error, name))),
    remove: async () => {
      // Nobody asks for what would be saved: a drain of connections alone may take ten seconds.
      await removeComposeProject(name);
      keep();
    },
  };
}

/**
 * For the failure of a `docker compose down`: Docker 20.10 may lose count of who is on a network. Then it keeps the network, which is empty, until it is
 * restarted, and the command fails for that alone; the next `up` takes the network as it is. Rejects with the failure where it is anything else.
 */
export async function acceptKeptNetwork(failure: unknown, project: string): Promise<void> {
  const network = /error while removing network: network (\S+) .*has active endpoints/.exec(String(failure))?.[1];
  if (network === undefined) throw failure;
  const containers = await runDocker(['ps', '-a', '-q', '--filter', `label=com.docker.compose.project=${project}`]);
  const onNetwork = await runDocker(['network', 'inspect', '-f', '{{len .Containers}}', network]);
  if (containers.trim() !== '' || onNetwork.trim() !== '0') throw failure;
}

/**
 * Makes the images that the stack runs, unless `BELFRY_TAG` names some that are there already. One after another with the layer cache, so that a second call only takes
 * seconds.
 */
export async function buildImages(): Promise<void> {
  if (process.env.BELFRY_TAG) return;
  await runDocker(['compose', '-f', 'docker-compose.yml', 'build']);
}

export type DockerOptions = {
  /** Where it runs. Default: the root of the repository. */
  readonly directory?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Whether what it prints to its standard error counts as output, too. */
  readonly withErrors?: boolean;
};

/** `docker <args>`; resolves with its output. Rejects, with all that it printed, when it fails. */
export function runDocker(args: readonly string[], options: DockerOptions = {}): Promise<string> {
  const { directory = ROOT, env, withErrors = false } = options;
  const child = spawn('docker', [...args], {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: COMMAND_TIMEOUT_MS,
  });
  return outputOf(child, `docker ${args.join(' ')}`, withErrors);
}

function outputOf(child: ChildProcess, what: string, withErrors: boolean): Promise<string> {
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
      if (code === 0) resolve(withErrors ? all : output);
      else reject(new Error(`${what} ended with ${code ?? signal}:\n${all}`));
    });
  });
}

export function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
