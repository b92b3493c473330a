import { closestName } from './closest-name.ts';
import type { ConfigOption, ConfigOptions, ConfigProblem, ConfigTable, ConfigValues } from './config-table.ts';

export type ConfigResult<Options extends ConfigOptions> =
  | { readonly ok: true; readonly value: ConfigValues<Options>; readonly warnings: readonly ConfigProblem[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[]; readonly warnings: readonly ConfigProblem[] };

type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'BELFRY_';
const LONGEST_SHOWN = 100;
/** Names of other services' options differ from one another by more than a slip. */
const SLIP_EDITS = 2;

/**
 * Reads every variable of the table and reports all problems at once, so that an operator mends them in one go. An empty variable counts as not set
 * (compose files write `${NAME:-}`). Variables that start with `BELFRY_` but are in no table are warned about: most are misspelt.
 */
export function readConfig<Options extends ConfigOptions>(
  table: ConfigTable<Options>,
  env: Environment,
  argv: readonly string[] = [],
): ConfigResult<Options> {
  const problems: ConfigProblem[] = argv.map((argument) => ({
    variable: argument,
    detail: 'is not an argument of this program: it is configured by environment variables, see --help',
  }));
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table.options)) {
    const read = readOption(option, env[name]?.trim());
    if (read.ok) values[name] = read.value;
    else problems.push({ variable: name, detail: read.detail });
  }
  const warnings = table.environment === 'shared' ? misspelt(table.options, env) : unknownVariables(table.options, env);
  if (problems.length > 0) return { ok: false, problems, warnings };
  const value = values as ConfigValues<Options>;
  const contradictions = table.check?.(value) ?? [];
  return contradictions.length > 0 ? { ok: false, problems: contradictions, warnings } : { ok: true, value, warnings };
}

function readOption(option: ConfigOption<unknown>, text: string | undefined) {
  if (text === undefined || text === '') {
    if (option.default !== undefined || option.optional) return { ok: true, value: option.default } as const;
    return { ok: false, detail: `is required: ${option.type.expects}` } as const;
  }
  const parsed = option.type.parse(text);
  if (parsed.ok) return parsed;
  const shown = option.secret ? 'the value given (not shown)' : `"${shorten(text)}"`;
  return { ok: false, detail: `must be ${option.type.expects}, but is ${shown}` } as const;
}

function shorten(text: string): string {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

function unknownVariables(options: ConfigOptions, env: Environment): ConfigProblem[] {
  return unknownNames(options, env).map((variable) => {
    const meant = closestName(variable, Object.keys(options));
    return { variable, detail: meant === undefined ? 'is not known here' : didYouMean(meant) };
  });
}

function misspelt(options: ConfigOptions, env: Environment): ConfigProblem[] {
  return unknownNames(options, env).flatMap((variable) => {
    const meant = closestName(variable, Object.keys(options), SLIP_EDITS);
    return meant === undefined ? [] : [{ variable, detail: didYouMean(meant) }];
  });
}

function unknownNames(options: ConfigOptions, env: Environment): string[] {
  return Object.keys(env).filter((name) => name.startsWith(PREFIX) && !(name in options));
}

function didYouMean(name: string): string {
  return `is not known here; did you mean ${name}?`;
}
