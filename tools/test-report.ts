/** The part of vitest's JSON report that is counted. */
export type TestReport = {
  /** Files that had to run a second time (tools/run-vitest.ts). */
  readonly died?: readonly { readonly file: string; readonly how: string }[];
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      /** Of every try, also where a later one passed. */
      readonly failureMessages: readonly string[];
    }[];
  }[];
};

export type TestCounts = {
  readonly passed: number;
  /** Full names. */
  readonly failed: readonly string[];
  /** Full names; a suite that lacks something says so in its name. */
  readonly skipped: readonly string[];
  /** Full names of tests that passed, though not on their first try. None should: no suite asks for another one. */
  readonly triedAgain: readonly string[];
};

const SKIPPED = new Set(['skipped', 'pending', 'todo', 'disabled']);

/** Sums reports. A file that could not even be loaded has no tests in it and counts as one failure. */
export function countTests(reports: readonly TestReport[]): TestCounts {
  const files = reports.flatMap((report) => report.testResults);
  const tests = files.flatMap((file) => file.assertionResults);
  const broken = files.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const namesOf = (wanted: (status: string) => boolean) =>
    tests.filter((test) => wanted(test.status)).map((test) => test.fullName);
  return {
    passed: tests.filter((test) => test.status === 'passed').length,
    failed: [...namesOf((status) => status === 'failed'), ...broken.map((file) => `${file.name} could not be loaded`)],
    skipped: namesOf((status) => SKIPPED.has(status)),
    triedAgain: tests
      .filter(({ status, failureMessages }) => status === 'passed' && failureMessages.length > 0)
      .map(({ fullName }) => fullName),
  };
}
