export type MetricsPage = {
  /** What the label `instance` says of each of its lines. */
  readonly instance: string;
  /** Prometheus text, version 0.0.4. */
  readonly text: string;
};

/** One page of several processes' metrics: each family once with its help, each line with the process that it came from. */
export function mergeMetrics(pages: readonly MetricsPage[]): string {
  const families = new Map<string, string[]>();
  for (const { instance, text } of pages) {
    for (const family of text.split(/^(?=# HELP )/m)) {
      const lines = family.split('\n').filter((line) => line !== '');
      const head = lines.filter((line) => line.startsWith('#'));
      const samples = lines.filter((line) => !line.startsWith('#'));
      const name = head[0] ?? '';
      if (!families.has(name)) families.set(name, head);
      families.get(name)?.push(...samples.map((line) => withInstance(line, instance)));
    }
  }
  return `${[...families.values()].flat().join('\n')}\n`;
}

/** Its last label, as what a reader looks for comes first. A value never has a brace, so the last one ends the labels. */
function withInstance(line: string, instance: string): string {
  const label = `instance="${instance}"`;
  const end = line.lastIndexOf('}');
  if (end === -1) return line.replace(' ', `{${label}} `);
  const isEmpty = line[end - 1] === '{';
  return `${line.slice(0, end)}${isEmpty ? '' : ','}${label}${line.slice(end)}`;
}
