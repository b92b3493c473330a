import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Random } from '@belfry/core/random';
import { type Found, findCommand } from '../need.ts';
import { type DiskImage, SimulatedDisk } from './simulated-disk.ts';
import { type Operation, parseTrace } from './trace.ts';

export type PowerCutOptions = {
  /** An empty folder to work in. */
  readonly directory: string;
  readonly random: Random;
  /** Moments at which the power is cut, spread evenly over what the process did; as many as it did things, when it did less. Each makes two images. */
  readonly cuts: number;
  /**
   * The Node program that is recorded: the file and its arguments for the folder that it works in and the file to which it appends a line for everything that it
   * has been answered, before it goes on.
   */
  readonly program: (folder: string, acks: string) => readonly string[];
  /** Opens what is left in the folder. Returns what is wrong with it, given the lines of acknowledgements up to then. */
  readonly check: (folder: string, acks: readonly string[], image: number) => Promise<readonly string[]>;
  /**
   * Whether the disk obeys when told to sync the file. Default: always. Where it does not, something acknowledged must get lost, or the run proves nothing.
   */
  readonly obeys?: (path: string) => boolean;
};

export type PowerCutReport = {
  readonly operations: number;
  readonly images: number;
  readonly acknowledged: number;
  readonly faults: readonly string[];
};

const ACKS = 'acks';
const COMPILER = 'cc';
const run = promisify(execFile);

/** What the recorder is compiled with, where it works. */
export function findRecorder(): Found<string> {
  if (process.platform !== 'linux') return { ok: false, reason: 'LD_PRELOAD is of Linux' };
  return findCommand([COMPILER]);
}

/**
 * Records a process that writes and syncs, cuts its power at many moments afterwards, and has a look at what would be left on the disk: once with nothing of what was
 * not synced, once with a random half of it.
 */
export async function runPowerCuts(options: PowerCutOptions): Promise<PowerCutReport> {
  const { directory, random, cuts, check, obeys = () => true } = options;
  const operations = await record(directory, options.program);
  const disk = new SimulatedDisk();
  const every = Math.max(1, Math.floor(operations.filter(({ path }) => path !== ACKS).length / cuts));
  const faults: string[] = [];
  let acks = '';
  let images = 0;
  let applied = 0;
  for (const [index, operation] of operations.entries()) {
    if (operation.path === ACKS) {
      if (operation.kind === 'write') acks += operation.data.toString('utf8');
      continue;
    }
    if (operation.kind !== 'sync' || obeys(operation.path)) disk.apply(operation);
    if (applied++ % every !== 0) continue;
    for (const image of [disk.imageWithoutUnsynced(), disk.imageWithTornUnsynced(random)]) {
      const folder = join(directory, 'image');
      writeImage(folder, image);
      const found = await check(folder, linesOf(acks), images);
      faults.push(...found.map((fault) => `operation ${index}: ${fault}`));
      images += 1;
    }
  }
  return { operations: applied, images, acknowledged: linesOf(acks).length, faults };
}

async function record(directory: string, program: PowerCutOptions['program']): Promise<Operation[]> {
  const folder = join(directory, 'recorded');
  const trace = join(directory, 'trace');
  mkdirSync(folder);
  await run(process.execPath, [...program(folder, join(folder, ACKS))], {
    env: { LD_PRELOAD: await buildRecorder(directory), RECORDED_FOLDER: folder, RECORDED_TRACE: trace },
  });
  return parseTrace(readFileSync(trace));
}

/** Returns the path of the compiled library. */
async function buildRecorder(directory: string): Promise<string> {
  const library = join(directory, 'recorder.so');
  const source = fileURLToPath(new URL('./recorder.c', import.meta.url));
  await run(COMPILER, ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl', '-lpthread']);
  return library;
}

function writeImage(folder: string, image: DiskImage): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [path, content] of image) writeFileSync(join(folder, path), content);
}

/** A last line without its end was cut off and counts as not written. */
function linesOf(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
