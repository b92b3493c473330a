import type { Found } from './need.ts';
import type { ServerRun } from './server-run.ts';
import { sweepLater } from './sweeper.ts';

export type ContainerRunOptions = {
  /** With its tag. */
  readonly image: string;
  /** Container port by port of this machine. */
  readonly ports: Readonly<Record<number, number>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
  readonly command: readonly string[];
  /** Content by path in the container. */
  readonly files?: Readonly<Record<string, string>>;
};

const PULL_MS = 300_000;
const OUTPUT_LINES = 40;

/** The host that published ports are reached at, where Docker answers and has this image or can pull it. */
export async function findImage(image: string): Promise<Found<string>> {
  // Loaded here: most suites never come this far, and it is large.
  const { getContainerRuntimeClient, ImageName } = await import('testcontainers');
  try {
    const client = await getContainerRuntimeClient();
    const pull = client.image.pull(ImageName.fromString(image));
    await withinMs(PULL_MS, pull, `pulling ${image} took more than ${PULL_MS} ms`);
    const { host } = client.info.containerRuntime;
    return { ok: true, value: host === 'localhost' ? '127.0.0.1' : host };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** A server in a container, which lives on, stopped, when its server is killed. */
export async function createContainerRun(options: ContainerRunOptions): Promise<ServerRun> {
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers');
  const client = await getContainerRuntimeClient();
  let container: ReturnType<typeof client.container.getById> | undefined;
  let keep = () => {};

  class SweptContainer extends GenericContainer {
    protected override async containerCreated(id: string): Promise<void> {
      keep = sweepLater({ kind: 'container', id });
      container = client.container.getById(id);
    }
  }

  async function create(): Promise<void> {
    const { image, ports, environment = {}, entrypoint, command, files = {} } = options;
    const published = Object.entries(ports).map(([host, inside]) => ({ host: Number(host), container: inside }));
    const generic = new SweptContainer(image)
      .withExposedPorts(...published)
      .withEnvironment(environment)
      .withCommand([...command])
      .withCopyContentToContainer(Object.entries(files).map(([target, content]) => ({ target, content, mode: 0o644 })))
      // Whether it answers is asked from outside, after every start and not only the first.
      .withWaitStrategy(Wait.forSuccessfulCommand('true'))
      // The sweeper does it without another image.
      .withAutoCleanup(false);
    if (entrypoint !== undefined) generic.withEntrypoint([...entrypoint]);
    await generic.start();
  }

  function existing() {
    if (container === undefined) throw new Error(`${options.image} was not started`);
    return container;
  }

  return {
    rung: 'docker',
    begin: async () => (container === undefined ? create() : container.start()),
    isRunning: async () => (await existing().inspect()).State.Running,
    async kill(signal) {
      if (!(await existing().inspect()).State.Running) return;
      const ended = existing().wait({ condition: 'not-running' });
      await existing().kill({ signal });
      await ended;
    },
    pause: () => existing().pause(),
    resume: () => existing().unpause(),
    async remove() {
      await container?.remove({ force: true, v: true });
      keep();
    },
    async output() {
      const lines = await container?.logs({ stdout: true, stderr: true, tail: OUTPUT_LINES });
      // Docker puts eight bytes before each chunk; what is no text in them is left out.
      return lines?.toString('utf8').replaceAll(/[^\t\n\x20-\x7e]/g, '') ?? '(nothing)';
    },
  };
}

export async function removeContainer(id: string): Promise<void> {
  const { getContainerRuntimeClient } = await import('testcontainers');
  const client = await getContainerRuntimeClient();
  await client.container.getById(id).remove({ force: true, v: true });
}

async function withinMs<T>(limitMs: number, work: Promise<T>, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), limitMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
