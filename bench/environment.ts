import { cpus, loadavg } from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');

/** What a reader of a report needs in order to judge or repeat it. The load is that before the run: other work on the machine, not its own. */
export function describeEnvironment() {
  const [, script = '', ...args] = process.argv;
  const { BELFRY_LAUNCH: launch } = process.env;
  return {
    // Servers in Docker are further away than processes, so how they were asked for is part of it.
    command: [...(launch ? [`BELFRY_LAUNCH=${launch}`] : []), 'node', path.relative(root, script), ...args].join(' '),
    date: new Date().toISOString(),
    node: process.version,
    cpu: `${cpus().length} × ${cpus()[0]?.model}`,
    loadAverage: loadavg().map((load) => Number(load.toFixed(2))),
  };
}
