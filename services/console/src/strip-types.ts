import { stripTypeScriptTypes } from 'node:module';

/** The JavaScript of a TypeScript source, types replaced by blanks, so that lines and columns stay. */
export function stripTypes(source: string): string {
  const { emitWarning } = process;
  // Node warns once that the function is experimental; it is what runs this very file, and the warning would greet every user.
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(source, { mode: 'strip' });
  } finally {
    process.emitWarning = emitWarning;
  }
}
