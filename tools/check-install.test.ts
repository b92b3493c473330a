import { describe, expect, it } from 'vitest';
import { installProblem } from './check-install.js';

const GOOD = { version: '24.21.0', hasModules: true, hasBinary: true };

describe('installProblem', () => {
  it('is content with Node 24 or newer', () => {
    expect(installProblem(GOOD)).toBeUndefined();
    expect(installProblem({ ...GOOD, version: '26.1.0' })).toBeUndefined();
  });

  it.each([
    ['nothing is installed', { hasModules: false, hasBinary: false }, /npm ci\n/],
    ['install scripts were off', { hasBinary: false }, /npm ci --ignore-scripts=false/],
    ['an older Node runs', { version: '20.20.0' }, /this is Node 20\.20\.0/],
  ])('says what to type when %s', (_name, found, message) => {
    expect(installProblem({ ...GOOD, ...found })).toMatch(message);
  });
});
