import type { Shell } from './shell.ts';
import { waitUntil } from './wait-until.ts';

/** One command of a document, over as many lines as it continues, and the texts that its output must have. */
export type TourStep = { readonly command: string; readonly expected: readonly string[] };

/** What the reader has started: containers with docker-compose.yml, or anything else. */
export type TourStack = 'compose' | 'other';

/** For output of background jobs, which may come after the end of the command. */
const OUTPUT_WITHIN_MS = 10_000;

/**
 * The steps of a section: its `sh` blocks, in which a line that begins with `# ` is output of the command above it. A block with `docker compose` is for the stack of
 * containers: there it takes the place of what set the same variables before. Throws when there is no such section, or an expectation without a command.
 */
export function readTour(markdown: string, heading: string, stack: TourStack = 'other'): readonly TourStep[] {
  const section = markdown.split(/^(?=## )/m).find((text) => text.startsWith(`## ${heading}\n`));
  if (section === undefined) throw new Error(`there is no section "${heading}"`);
  const blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => readBlock(block));
  const ofCompose = blocks.filter((steps) => steps.some(({ command }) => command.includes('docker compose')));
  if (stack === 'other') return blocks.filter((steps) => !ofCompose.includes(steps)).flat();
  const replaced = new Set(ofCompose.flat().map(variableOf));
  return blocks.flatMap((steps) =>
    ofCompose.includes(steps) ? steps : steps.filter((step) => !replaced.has(variableOf(step) ?? '')),
  );
}

function readBlock(block: string): readonly TourStep[] {
  const steps: { command: string; expected: string[] }[] = [];
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
  return steps;
}

function variableOf({ command }: TourStep): string | undefined {
  return /^([A-Z]+)=/.exec(command)?.[1];
}

/** Runs a step in a shell. Rejects, with what was printed, when the command fails or does not show what it should. */
export async function walk(shell: Shell, { command, expected }: TourStep): Promise<void> {
  const status = await shell.run(command);
  if (status !== 0) throw new Error(`${command}\nended with ${status}:\n${shell.output()}`);
  for (const text of expected) {
    await waitUntil(() => shows(shell.output(), text), { timeoutMs: OUTPUT_WITHIN_MS }).catch(() => {
      throw new Error(`no ${text}\nin ${shell.output()}`);
    });
  }
}

/** Whether the output has the text; `…` stands for anything within a line. */
function shows(output: string, expected: string): boolean {
  const pattern = expected
    .split('…')
    .map((text) => RegExp.escape(text))
    .join('.*');
  return new RegExp(pattern).test(output);
}
