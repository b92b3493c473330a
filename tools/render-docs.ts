import type { ERRORS } from '../libs/protocol/src/errors.ts';
import { describeDefault, groupOptions } from '../libs/runtime/src/config/config-help.ts';
import type { ConfigOption, ConfigSummary } from '../libs/runtime/src/config/config-table.ts';
import type { MetricDefinition } from '../libs/runtime/src/metric-table.ts';
import { type ChannelTables, renderChannelTables } from './render-channels.ts';

const GENERATED = '<!-- Written by `npm run docs` from the code; a test fails when it differs. -->';

export function renderErrors(errors: typeof ERRORS): string {
  const rows = Object.entries(errors).map(
    ([code, { status, title, description }]) =>
      `| <a id="${code}"></a>\`${code}\` | ${status} | ${cell(title)} | ${cell(description)} |`,
  );
  return document('Errors', [
    'Every error is a problem document (RFC 9457, `application/problem+json`) with `type`, `title`, `status` and a stable `code`; `detail`,',
    '`field` (a JSON pointer into the body, or `header:…`, `query:…`, `path:…`) and `limit` where they apply, and the `requestId` that finds the log line.',
    'Codes are never reused.',
    '',
    '| code | status | title | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
  ]);
}

export function renderConfig(tables: readonly { readonly folder: string; readonly table: ConfigSummary }[]): string {
  const sections = tables.flatMap(({ folder, table }) => [
    `## ${table.program}`,
    '',
    `${table.summary} (\`${folder}\`)`,
    '',
    ...[...groupOptions(table.options)].flatMap(([group, options]) => [
      `### ${group}`,
      '',
      '| variable | must be | default | what it decides |',
      '| --- | --- | --- | --- |',
      ...options.map(([name, option]) => optionRow(name, option)),
      '',
    ]),
  ]);
  return document('Configuration', [
    'Every process is configured by environment variables alone and prints its own with `--help`. An empty variable counts as not set. A wrong one',
    'ends the start with a line that names it; an unknown `BELFRY_…` is warned about.',
    '',
    ...sections,
  ]);
}

function optionRow(name: string, option: ConfigOption<unknown>): string {
  const secret = option.secret ? ' (secret)' : '';
  const fallback = describeDefault(option).replace(/^default (.*)$/, '`$1`');
  return `| \`${name}\`${secret} | ${cell(option.type.expects)} | ${cell(fallback)} | ${cell(option.description)} |`;
}

export function renderMetrics(metrics: Readonly<Record<string, MetricDefinition>>): string {
  const rows = Object.values(metrics).map(
    ({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.join(', ')} | ${cell(help)} |`,
  );
  return document('Metrics', [
    'Every process answers `/metrics` in Prometheus text. Besides these come the usual ones of the process (`process_…`, `nodejs_…`, event-loop lag included).',
    '',
    '| name | type | labels | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
  ]);
}

export function renderChannels(tables: ChannelTables): string {
  return document('Push channels', renderChannelTables(tables));
}

function document(title: string, lines: readonly string[]): string {
  return `# ${title}\n\n${GENERATED}\n\n${lines.join('\n').trimEnd()}\n`;
}

/** A table's cell: one line, no bar that would end it. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
