import { execFile, spawnSync } from 'node:child_process';
import { existsSync, globSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Found, findCommand } from './need.ts';
import type { SystemUser } from './process-run.ts';

export type LocalPostgres = {
  /** The folder of `postgres` and `initdb`. */
  readonly bin: string;
  /** Whom the server runs as: it refuses to run as root. */
  readonly user: SystemUser | undefined;
};

/** Where systems put versions beside each other, outside of PATH: Debian, Red Hat, Homebrew. */
const VERSIONED = ['/usr/lib/postgresql/*/bin', '/usr/pgsql-*/bin', '/opt/homebrew/opt/postgresql@*/bin'];

/** The newest PostgreSQL of this machine, or the one of this major version. */
export function findLocalPostgres(version?: string): Found<LocalPostgres> {
  const inPath = findCommand(['postgres']);
  const folders = [
    ...(inPath.ok ? [path.dirname(realpathSync(inPath.value))] : []),
    ...VERSIONED.flatMap((pattern) => globSync(pattern)),
  ].filter((folder) => existsSync(`${folder}/postgres`) && existsSync(`${folder}/initdb`));
  const versions = folders
    .map((bin) => ({ bin, major: majorOf(bin) }))
    .filter(({ major }) => version === undefined || `${major}` === version)
    .sort((a, b) => b.major - a.major);
  const [newest] = versions;
  if (newest === undefined) {
    const wanted = version === undefined ? '' : ` of version ${version}`;
    return { ok: false, reason: `there is no postgres with initdb${wanted} in PATH or ${VERSIONED.join(', ')}` };
  }
  if (process.getuid?.() !== 0) return { ok: true, value: { bin: newest.bin, user: undefined } };
  const user = findUser('postgres') ?? findUser('nobody');
  if (user === undefined) return { ok: false, reason: 'postgres does not run as root, and there is no user postgres' };
  return { ok: true, value: { bin: newest.bin, user } };
}

/** Makes the files of a server that lets in everybody who reaches it. */
export async function initPostgres({ bin, user }: LocalPostgres, data: string): Promise<void> {
  const args = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  await promisify(execFile)(`${bin}/initdb`, args, { ...user, cwd: path.dirname(data) });
}

function majorOf(bin: string): number {
  const { stdout } = spawnSync(`${bin}/postgres`, ['--version'], { encoding: 'utf8' });
  return Number(/(\d+)/.exec(stdout ?? '')?.[1] ?? 0);
}

function findUser(name: string): SystemUser | undefined {
  const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }));
  if (uid?.status !== 0 || gid?.status !== 0) return undefined;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}
