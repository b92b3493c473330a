const DIED = /^Worker exited unexpectedly (.*?)while running test files? (.+)$/;

export type DiedFile = { readonly file: string; readonly how: string };

/**
 * Test files during which the process that ran them died (a signal, an abort in native code): vitest reports no failed test for those, only an error
 * outside of any test whose text names them.
 */
export function diedFiles(errors: readonly unknown[]): readonly DiedFile[] {
  return errors.flatMap((error) => {
    const match = DIED.exec(causeOf(error));
    const [, how = '', files = ''] = match ?? [];
    return files === '' ? [] : files.split(', ').map((file) => ({ file, how: how.trim() }));
  });
}

function causeOf(error: unknown): string {
  const { cause, message } = (error ?? {}) as { cause?: { message?: unknown }; message?: unknown };
  return String(cause?.message ?? message ?? '');
}
