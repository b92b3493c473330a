import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Found, findCommand } from './need.ts';
import { withPidLock } from './pid-lock.ts';

export const KAFKA_VERSION = '4.3.0';

export type KafkaJars = { readonly java: string; readonly classPath: string };

const JAVA_OLDEST = 17;
const FETCH_MS = 300_000;
const POM = path.resolve(import.meta.dirname, '../kafka-jars/pom.xml');

/** Java, and Kafka's own jars: in the folder `BELFRY_KAFKA_JARS`, or in the user's cache, where Maven puts them once. */
export async function findKafkaJars(): Promise<Found<KafkaJars>> {
  const java = findJava();
  if (!java.ok) return java;
  const folder = await findJarFolder();
  if (!folder.ok) return folder;
  return { ok: true, value: { java: java.value, classPath: path.join(folder.value, '*') } };
}

function findJava(): Found<string> {
  const java = findCommand(['java']);
  if (!java.ok) return java;
  const { stderr } = spawnSync(java.value, ['-version'], { encoding: 'utf8' });
  const major = Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
  if (major >= JAVA_OLDEST) return java;
  return { ok: false, reason: `${java.value} is Java ${major}; Kafka needs ${JAVA_OLDEST}` };
}

async function findJarFolder(): Promise<Found<string>> {
  const given = process.env.BELFRY_KAFKA_JARS;
  if (given) {
    if (isComplete(given)) return { ok: true, value: given };
    return { ok: false, reason: `BELFRY_KAFKA_JARS: there is no Kafka ${KAFKA_VERSION} in ${given}` };
  }
  const cache = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
  const folder = path.join(cache, 'belfry', `kafka-${KAFKA_VERSION}`);
  if (isComplete(folder)) return { ok: true, value: folder };
  const maven = findCommand(['mvn']);
  if (!maven.ok) return { ok: false, reason: `no Kafka jars in ${folder}, and ${maven.reason}` };
  mkdirSync(path.dirname(folder), { recursive: true });
  // Maven's own cache is not made for two at a time.
  return withPidLock(`${folder}.pid`, async () =>
    isComplete(folder) ? { ok: true, value: folder } : fetchJars(maven.value, folder),
  );
}

/** Into a folder of its own first: an interrupted fetch must not leave half of them. */
async function fetchJars(maven: string, folder: string): Promise<Found<string>> {
  const partial = mkdtempSync(`${folder}-`);
  const args = ['-q', '-B', '-f', POM, 'dependency:copy-dependencies', `-DoutputDirectory=${partial}`];
  try {
    await promisify(execFile)(maven, args, { timeout: FETCH_MS, cwd: partial });
    renameSync(partial, folder);
    return { ok: true, value: folder };
  } catch (error) {
    // Maven says what is wrong on standard output.
    const { stdout = '' } = error as { readonly stdout?: string };
    return { ok: false, reason: `Maven did not bring the Kafka jars: ${String(error)}\n${stdout.slice(0, 2_000)}` };
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

function isComplete(folder: string): boolean {
  return existsSync(path.join(folder, `kafka_2.13-${KAFKA_VERSION}.jar`));
}
