import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@belfry/testing/free-port';
import { type ComposeProject, createComposeProject } from './compose-project.ts';

export type ComposeClone = {
  readonly directory: string;
  /** Of the edge. */
  readonly port: number;
  /** Of Kafka, for upstreams outside. */
  readonly kafkaPort: number;
  /** For a shell in it: ports that are free, and a project of its own. */
  readonly env: Readonly<Record<string, string>>;
  readonly project: ComposeProject;
  /** Ends what runs there and removes it, volumes and all. */
  remove(): Promise<void>;
};

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What is committed, as a reader of the README gets it, in a folder of its own. */
export async function cloneForCompose(): Promise<ComposeClone> {
  const directory = mkdtempSync(join(tmpdir(), 'belfry-clone-'));
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', ROOT, directory]);
  const [port, kafkaPort] = [await freePort(), await freePort()];
  const name = basename(directory).toLowerCase();
  const env = { COMPOSE_PROJECT_NAME: name, BELFRY_PORT: String(port), BELFRY_KAFKA_PORT: String(kafkaPort) };
  const project = createComposeProject({ name, directory, env });
  return {
    directory,
    port,
    kafkaPort,
    env,
    project,
    remove: async () => {
      await project.remove();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
