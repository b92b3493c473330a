import { formatHelp, formatProblems } from './config-help.ts';
import type { ConfigOptions, ConfigTable, ConfigValues } from './config-table.ts';
import { readConfig } from './read-config.ts';

/** The parts of `process` that starting needs; `process` itself fits. */
export type ProgramEdge = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly argv: readonly string[];
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  exit(code: number): never;
};

/** For `main.ts`: prints help and exits 0, or names every wrong variable and exits 1, or returns the values. */
export function loadConfig<Options extends ConfigOptions>(
  table: ConfigTable<Options>,
  edge: ProgramEdge,
): ConfigValues<Options> {
  const argv = edge.argv.slice(2);
  if (argv.includes('--help') || argv.includes('-h')) {
    edge.stdout.write(formatHelp(table));
    return edge.exit(0);
  }
  const result = readConfig(table, edge.env, argv);
  edge.stderr.write(formatProblems(result.warnings));
  if (result.ok) return result.value;
  edge.stderr.write(formatProblems(result.problems));
  return edge.exit(1);
}
