import type { ERRORS } from '../libs/protocol/src/errors.ts';
import { describeDefault, groupOptions } from '../libs/runtime/src/config/config-help.ts';
import type { ConfigOption } from '../libs/runtime/src/config/config-table.ts';
import type { MetricDefinition } from '../libs/runtime/src/metric-table.ts';
import type { ConfigOfFolder } from './config-tables.ts';
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

type Section = readonly [name: string, option: ConfigOption<unknown>][];

/** What several services have in common is shown once, at the end, and named in the section of each. */
export function renderConfig(tables: readonly ConfigOfFolder[]): string {
  const shared = sharedGroups(tables);
  const sections = tables.flatMap(({ folder, table }) => {
    const groups = [...groupOptions(table.options)];
    const common = groups.filter(([group, options]) => shared.get(group)?.key === keyOf(options));
    const own = groups.filter((each) => !common.includes(each));
    const links = common.map(([group]) => `[${group}](#${anchorOf(group)}-shared)`).join(', ');
    return [
      `## ${table.program}`,
      '',
      `${table.summary} (\`${folder}\`)`,
      '',
      ...own.flatMap(([group, options]) => renderGroup(group, options)),
      ...(links === '' ? [] : [`Also: ${links}.`, '']),
    ];
  });
  const common = [...shared].flatMap(([group, { options }]) => renderGroup(`${group} (shared)`, options));
  return document('Configuration', [
    'Every process is configured by environment variables alone and prints its own with `--help`. An empty variable counts as not set. A wrong one',
    'ends the start with a line that names it; an unknown `BELFRY_…` is warned about, by services that run side by side only where it looks misspelt.',
    '',
    ...sections,
    ...(common.length === 0 ? [] : ['## Shared by several services', '', ...common]),
  ]);
}

function renderGroup(group: string, options: Section): readonly string[] {
  return [
    `### ${group}`,
    '',
    '| variable | must be | default | what it decides |',
    '| --- | --- | --- | --- |',
    ...options.map(([name, option]) => optionRow(name, option)),
    '',
  ];
}

/** The groups that at least two tables have, alike to the last option; of several forms the one that comes first. */
function sharedGroups(tables: readonly ConfigOfFolder[]): ReadonlyMap<string, { key: string; options: Section }> {
  const counts = new Map<string, number>();
  const all = tables.flatMap(({ table }) => [...groupOptions(table.options)]);
  for (const [group, options] of all) {
    const key = `${group}\n${keyOf(options)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const shared = new Map<string, { key: string; options: Section }>();
  for (const [group, options] of all) {
    const key = keyOf(options);
    if ((counts.get(`${group}\n${key}`) ?? 0) > 1 && !shared.has(group)) shared.set(group, { key, options });
  }
  return shared;
}

function keyOf(options: Section): string {
  return options.map(([name, option]) => optionRow(name, option)).join('\n');
}

/** As GitHub makes it of a heading; the addition keeps it apart from a service's own group of that name. */
function anchorOf(group: string): string {
  return group.toLowerCase().replaceAll(' ', '-');
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
