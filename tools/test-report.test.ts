import { describe, expect, it } from 'vitest';
import { countTests, type TestReport } from './test-report.ts';

const test = (status: string, fullName: string) => ({ status, fullName });

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
    });
  });
});
