/** One command of a document, over as many lines as it continues, and the texts that its output must have. */
export type TourStep = { readonly command: string; readonly expected: readonly string[] };

/**
 * The steps of a section: its `sh` blocks, in which a line that begins with `# ` is output of the command above it. Throws when there is no such
 * section, or an expectation without a command.
 */
export function readTour(markdown: string, heading: string): readonly TourStep[] {
  const section = markdown.split(/^(?=## )/m).find((text) => text.startsWith(`## ${heading}\n`));
  if (section === undefined) throw new Error(`there is no section "${heading}"`);
  const steps: { command: string; expected: string[] }[] = [];
  for (const [, block = ''] of section.matchAll(/^```sh\n(.*?)^```$/gms)) {
    let continues = false;
    for (const line of block.split('\n').filter((text) => text !== '')) {
      const last = steps.at(-1);
      if (continues && last !== undefined) {
        last.command += `\n${line}`;
      } else if (line.startsWith('# ')) {
        if (last === undefined) throw new Error(`output without a command: ${line}`);
        last.expected.push(line.slice(2));
        continue;
      } else {
        steps.push({ command: line, expected: [] });
      }
      continues = line.endsWith('\\');
    }
  }
  return steps;
}

/** Whether the output has the text; `…` stands for anything within a line. */
export function shows(output: string, expected: string): boolean {
  const pattern = expected
    .split('…')
    .map((text) => RegExp.escape(text))
    .join('.*');
  return new RegExp(pattern).test(output);
}
