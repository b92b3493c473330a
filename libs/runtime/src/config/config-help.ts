import type { ConfigOption, ConfigOptions, ConfigProblem, ConfigSummary } from './config-table.ts';

const UNGROUPED = 'General';

/** The table's options in the order they are declared, under their headings. */
export function groupOptions(options: ConfigOptions): ReadonlyMap<string, readonly [string, ConfigOption<unknown>][]> {
  return Map.groupBy(Object.entries(options), ([, option]) => option.group ?? UNGROUPED);
}

/** `default 30s`, `optional` or `required`. A secret's default is never shown. */
export function describeDefault(option: ConfigOption<unknown>): string {
  if (option.default === undefined) return option.optional ? 'optional' : 'required';
  return option.secret ? 'has a default' : `default ${option.type.format(option.default)}`;
}

/** The text of `--help`. */
export function formatHelp(table: ConfigSummary): string {
  const lines = [`${table.program}: ${table.summary}`, '', 'Configured by environment variables:'];
  for (const [group, options] of groupOptions(table.options)) {
    lines.push('', `${group}:`);
    for (const [name, option] of options) {
      const secret = option.secret ? ', secret' : '';
      lines.push(`  ${name} (${describeDefault(option)}${secret})`, `      ${option.description}`);
      lines.push(`      Must be ${option.type.expects}.`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** One line per problem, each starting with the variable's name. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  return problems.map(({ variable, detail }) => `${variable} ${detail}\n`).join('');
}
