import { readFileSync } from 'node:fs';

/** What the file holds. Throws with the name of the variable that led to it, and why it cannot be read. */
export function readConfiguredFile(file: string, variable: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`${variable}: ${file} cannot be read (${code ?? String(cause)})`, { cause });
  }
}

/** Without the parser's own message, which would show a piece of a file that holds secrets. */
export function parseJsonFile(file: string, text: string, variable: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${variable}: ${file} is not JSON`);
  }
}
