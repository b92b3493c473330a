import { describe, expect, it } from 'vitest';
import { countTests, type TestReport } from './test-report.ts';

const test = (status: string, fullName: string, failureMessages: readonly string[] = []) => ({
  status,
  fullName,
  failureMessages,
});

describe('countTests', () => {
  it('sums files, and counts one that could not be loaded as a failure', () => {
    const reports: TestReport[] = [
      {
        testResults: [
          { name: 'a', status: 'passed', assertionResults: [test('passed', 'one'), test('skipped', 'two')] },
        ],
      },
      {
        testResults: [
          { name: 'b', status: 'failed', assertionResults: [test('failed', 'three'), test('todo', 'four')] },
        ],
      },
      { testResults: [{ name: '/x/c.test.ts', status: 'failed', message: 'no', assertionResults: [] }] },
      { testResults: [] },
    ];
    expect(countTests(reports)).toEqual({
      passed: 1,
      failed: ['three', '/x/c.test.ts could not be loaded'],
      skipped: ['two', 'four'],
      triedAgain: [],
    });
  });

  it('names what passed on a later try, as a suite may ask vitest for one', () => {
    const assertionResults = [test('passed', 'one', ['Error: lost 1 record']), test('failed', 'two', ['Error: no'])];
    const report: TestReport = { testResults: [{ name: 'a', status: 'failed', assertionResults }] };
    expect(countTests([report])).toMatchObject({ passed: 1, failed: ['two'], triedAgain: ['one'] });
  });
});
