import { globSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findDocker } from '@belfry/testing/find-docker';
import { describeNeeding } from '@belfry/testing/need';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { buildImages, lines, runDocker } from './harness/compose-project.ts';
import { waitUntil } from './harness/wait-until.ts';

/** Images may have to be built first. */
vi.setConfig({ testTimeout: 180_000, hookTimeout: 900_000 });

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TAG = process.env.BELFRY_TAG || 'local';
/** As in the Dockerfile. */
const BASE = 'node:24-bookworm-slim';
/** What an image may add to its base: 130 MB of installed packages are nearly all of it. */
const ADDED_MB_MAX = 170;
const MB = 1_000_000;
/** A service has some hundreds, most of them not its own. */
const CACHED_MODULES_MIN = 300;

const SERVICES = globSync('services/*/src/main.ts', { cwd: ROOT }).map((file) => file.split(path.sep)[1] ?? '');
const IMAGES = [
  ...SERVICES.map((name) => ({ name, own: `services/${name}` })),
  { name: 'example-invoices', own: 'examples/invoices' },
];
/** As restricted as docker-compose.yml runs them. */
const RESTRICTED = ['--read-only', '--tmpfs=/tmp', '--cap-drop=ALL', '--security-opt=no-new-privileges'];
/** They serve without Kafka and PostgreSQL; the others are held by compose.docker.test.ts. */
const ALONE = [
  { name: 'standalone', env: ['BELFRY_JWT_SECRET=a secret that is long enough for HS256'], volumes: ['/data'] },
  { name: 'provider-simulator', env: [], volumes: [] },
  { name: 'example-invoices', env: ['BELFRY_API_KEY=bk_test_key'], volumes: [] },
];
/** Of developers, or only for tests. */
const NOT_INSIDE = [
  'vitest',
  'knip',
  'nx',
  'typescript',
  'testcontainers',
  'playwright-core',
  'fast-check',
  'node',
  '@biomejs/biome',
  'oxlint',
  '@belfry/testing',
];
const SECRETS = /-----BEGIN [A-Z ]*PRIVATE KEY|_authToken|\bbk_[a-z]+_\w{16}|password=/i;

/** Prints what there is in /app, without what others have published, and whether this user could change it. */
const LOOK = `
import { accessSync, constants, existsSync, globSync, readFileSync } from 'node:fs';
const files = globSync('**/*', { cwd: '/app', exclude: (entry) => ['node_modules', 'compile-cache'].includes(entry.name), withFileTypes: true })
  .filter((entry) => entry.isFile()).map((entry) => (entry.parentPath + '/' + entry.name).slice('/app/'.length));
const isWritable = (file) => { try { accessSync(file, constants.W_OK); return true; } catch { return false; } };
console.log(JSON.stringify({
  uid: process.getuid(),
  files,
  writable: ['/app', ...files.map((file) => '/app/' + file)].filter(isWritable),
  installed: ${JSON.stringify(NOT_INSIDE)}.filter((name) => existsSync('/app/node_modules/' + name)),
  foreign: ['/root/.npmrc', '/root/.npm', '/home/node/.npmrc', '/app/.npmrc', '/app/.env', '/repository'].filter((file) => existsSync(file)),
  texts: files.filter((file) => !file.startsWith('libs/provider-simulator/')).map((file) => [file, readFileSync('/app/' + file, 'utf8')]),
}));`;

type Look = {
  readonly uid: number;
  readonly files: readonly string[];
  readonly writable: readonly string[];
  readonly installed: readonly string[];
  readonly foreign: readonly string[];
  readonly texts: readonly (readonly [string, string])[];
};

describeNeeding('docker', findDocker(), 'the images', () => {
  beforeAll(async () => {
    await buildImages();
    if (!process.env.BELFRY_TAG) {
      await runDocker(['build', '--build-arg', 'SERVICE=standalone', '-t', imageOf('standalone'), '.']);
    }
  });

  describe.each(IMAGES)('$name', ({ name, own }) => {
    const image = imageOf(name);

    it('runs as a user that cannot change the code, which is that of the service and of nobody else', async () => {
      const text = await runDocker([
        'run',
        '--rm',
        ...RESTRICTED,
        '--network=none',
        '--entrypoint=node',
        image,
        '--input-type=module',
        '-e',
        LOOK,
      ]);
      const { uid, files, writable, installed, foreign, texts } = JSON.parse(text) as Look;
      expect(uid).toBe(1_000);
      expect(files).toContain(`${own}/src/main.ts`);
      expect(writable).toEqual([]);
      expect(installed).toEqual([]);
      expect(foreign).toEqual([]);
      expect(
        files.filter((file) => /\.(?:test|fixture)\.|tsconfig|^(?:e2e|bench|docs|libs\/testing)\//.test(file)),
      ).toEqual([]);
      const mains = files.filter((file) => file.endsWith('/src/main.ts') && file.split('/').length === 4);
      // Standalone brings the services that it composes.
      if (name !== 'standalone') expect(mains).toEqual([`${own}/src/main.ts`]);
      expect(texts.filter(([, content]) => SECRETS.test(content)).map(([file]) => file)).toEqual([]);
    });

    it('has no secret in what it was made with, and adds little to its base', async () => {
      const [inspected, base] = await Promise.all([inspect(image), inspect(BASE)]);
      expect(inspected.Config).toMatchObject({
        User: 'node',
        StopSignal: 'SIGTERM',
        Entrypoint: ['node', 'main.ts'],
        Labels: { 'org.opencontainers.image.licenses': 'Apache-2.0' },
      });
      expect(inspected.Config.Healthcheck?.Test).toEqual(['CMD', 'bash', '/app/healthcheck.sh']);
      const history = await runDocker(['history', '--no-trunc', '--format', '{{.CreatedBy}}', image]);
      expect(`${history}\n${inspected.Config.Env.join('\n')}`).not.toMatch(SECRETS);
      const addedMb = Math.round((inspected.Size - base.Size) / MB);
      console.log(`${image}: ${Math.round(inspected.Size / MB)} MB, ${addedMb} MB of them over ${BASE}`);
      expect(addedMb).toBeLessThan(ADDED_MB_MAX);
    });

    // The example upstream takes no arguments.
    if (name === 'example-invoices') return;

    it('prints its configuration', async () => {
      const help = await runDocker(['run', '--rm', ...RESTRICTED, '--network=none', image, '--help']);
      expect(help).toContain('Configured by environment variables:');
    });
  });

  it.each(ALONE)(
    '$name becomes healthy on a read-only root, and ends with 0 on SIGTERM as process 1',
    async ({ name, env, volumes }) => {
      const options = [...env.map((each) => `--env=${each}`), ...volumes.map((each) => `--volume=${each}`)];
      const id = (
        await runDocker(['run', '-d', ...RESTRICTED, '--health-interval=1s', ...options, imageOf(name)])
      ).trim();
      try {
        await waitUntil(async () => (await stateOf(id, '{{.State.Health.Status}}')) === 'healthy', {
          timeoutMs: 90_000,
          everyMs: 500,
          what: `${name} healthy`,
        });
        await runDocker(['stop', '-t', '60', id]);
        expect(await stateOf(id, '{{.State.ExitCode}}')).toBe('0');
      } finally {
        await runDocker(['rm', '-f', '-v', id]);
      }
    },
  );

  it.each(SERVICES.filter((name) => !['standalone', 'provider-simulator', 'keys', 'edge'].includes(name)))(
    '%s loads what it consists of from its compile cache, and ends with 0 on SIGTERM while it waits for Kafka and PostgreSQL',
    async (name) => {
      const env = [
        'BELFRY_API_KEY=bk_test_key',
        `BELFRY_JWT_SECRET=${'x'.repeat(32)}`,
        `BELFRY_COOKIE_SECRET=${'x'.repeat(32)}`,
        'POSTGRES_URL=postgres://nobody@127.0.0.1:1/none',
        'KAFKA_BROKERS=127.0.0.1:1',
        'REDIS_URL=redis://127.0.0.1:1',
        // Node says of each module whether the cache had it.
        'NODE_DEBUG_NATIVE=COMPILE_CACHE',
      ];
      const id = (
        await runDocker(['run', '-d', ...RESTRICTED, ...env.map((each) => `--env=${each}`), imageOf(name)])
      ).trim();
      try {
        await waitUntil(async () => /127\.0\.0\.1:1\b/.test(await runDocker(['logs', id])), {
          timeoutMs: 60_000,
          everyMs: 500,
          what: `${name} waiting`,
        });
        await runDocker(['stop', '-t', '60', id]);
        expect(await stateOf(id, '{{.State.ExitCode}}')).toBe('0');
        const { found, missing } = readCacheReport(await runDocker(['logs', id], { withErrors: true }));
        expect(found).toBeGreaterThan(CACHED_MODULES_MIN);
        // It turns the cache on, so it is too early for it.
        expect(missing).toEqual([`/app/services/${name}/src/main.ts`]);
      } finally {
        await runDocker(['rm', '-f', '-v', id]);
      }
    },
  );
});

/** What Node printed about modules that it looked for in its compile cache: how many were there, and which were not. */
function readCacheReport(output: string): { readonly found: number; readonly missing: readonly string[] } {
  const looks = [...output.matchAll(/reading cache from \S+ for \w+ (?:file:\/\/)?(\S+?)\.{3}(.*)$/gm)];
  const isFound = ([, , how = '']: RegExpExecArray): boolean => how.includes('success');
  return {
    found: looks.filter(isFound).length,
    missing: [...new Set(looks.filter((look) => !isFound(look)).map(([, file = '']) => file))],
  };
}

function imageOf(name: string): string {
  return `belfry/${name}:${TAG}`;
}

type Inspected = {
  readonly Size: number;
  readonly Config: {
    readonly Env: readonly string[];
    readonly Healthcheck?: { readonly Test?: readonly string[] };
  };
};

async function inspect(image: string): Promise<Inspected> {
  const [first] = JSON.parse(await runDocker(['image', 'inspect', image])) as readonly Inspected[];
  if (first === undefined) throw new Error(`there is no image ${image}`);
  return first;
}

async function stateOf(id: string, format: string): Promise<string> {
  return lines(await runDocker(['inspect', '-f', format, id]))[0] ?? '';
}
