import type { ConfigType } from './config-type.ts';

type OptionFacts<T> = {
  readonly type: ConfigType<T>;
  /** What it decides, in one or two sentences for an operator. */
  readonly description: string;
  /** Heading under which help and docs/config.md show it. */
  readonly group?: string;
  /** The value is never printed: not in help, not in errors, not in documents. */
  readonly secret?: true;
};

/** A variable is required unless it has a default or is optional. */
export type ConfigOption<T> =
  | (OptionFacts<T> & { readonly default: T; readonly optional?: never })
  | (OptionFacts<T> & { readonly optional: true; readonly default?: never })
  | (OptionFacts<T> & { readonly default?: never; readonly optional?: never });

export type ConfigOptions = Readonly<Record<string, ConfigOption<unknown>>>;

type ValueOf<Option> = Option extends { readonly type: ConfigType<infer T> }
  ? Option extends { readonly optional: true }
    ? T | undefined
    : T
  : never;

/** The values of a table, by variable name. */
export type ConfigValues<Options extends ConfigOptions> = { readonly [Name in keyof Options]: ValueOf<Options[Name]> };

export type ConfigProblem = { readonly variable: string; readonly detail: string };

/** What help and documents show of a table. */
export type ConfigSummary = Pick<ConfigTable, 'program' | 'summary' | 'options'>;

export type ConfigTable<Options extends ConfigOptions = ConfigOptions> = {
  /** Command that reads the table, as help shows it. */
  readonly program: string;
  readonly summary: string;
  readonly options: Options;
  /**
   * `shared`: services that run side by side get the same environment, so a `BELFRY_` variable that is not in this table may be another's, and only one
   * that looks misspelt is warned about. Default `own`.
   */
  readonly environment?: 'own' | 'shared';
  /** What no single variable can say: values that contradict one another. */
  readonly check?: (values: ConfigValues<Options>) => readonly ConfigProblem[];
};

/** Rejects a default that is not of the option's own type, which a table of mixed types would let through. */
type Consistent<Options extends ConfigOptions> = {
  readonly [Name in keyof Options]: Options[Name] extends { readonly type: ConfigType<infer T> }
    ? ConfigOption<T>
    : never;
};

/** One table per service: the source of its environment variables, of its help text and of docs/config.md. */
export function defineConfig<Options extends ConfigOptions>(
  table: ConfigTable<Options> & { readonly options: Consistent<Options> },
): ConfigTable<Options> {
  return table;
}

/** Options that several tables share, checked where they are declared. */
export function defineOptions<Options extends ConfigOptions>(options: Options & Consistent<Options>): Options {
  return options;
}
