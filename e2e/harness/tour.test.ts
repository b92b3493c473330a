import { describe, expect, it } from 'vitest';
import { readTour } from './tour.ts';

const DOCUMENT = `
## Before

\`\`\`sh
not this
\`\`\`

## Tour

\`\`\`sh
URL=http://localhost
KEY=$(cat data/key)
\`\`\`

With containers:

\`\`\`sh
KEY=$(docker compose exec -T api cat /keys/key)
\`\`\`

\`\`\`sh
curl $URL \\
  -H "Key: $KEY"
# an answer
# and another…
\`\`\`
`;
const CURL = { command: 'curl $URL \\\n  -H "Key: $KEY"', expected: ['an answer', 'and another…'] };
const URL_STEP = { command: 'URL=http://localhost', expected: [] };

describe('the steps of a tour', () => {
  it('are the commands of its section, with what they should print', () => {
    const key = { command: 'KEY=$(cat data/key)', expected: [] };
    expect(readTour(DOCUMENT, 'Tour')).toEqual([URL_STEP, key, CURL]);
  });

  it('take variables from the blocks for containers there', () => {
    const key = { command: 'KEY=$(docker compose exec -T api cat /keys/key)', expected: [] };
    expect(readTour(DOCUMENT, 'Tour', 'compose')).toEqual([URL_STEP, key, CURL]);
  });

  it('need a section, and a command before its output', () => {
    expect(() => readTour(DOCUMENT, 'Detour')).toThrow('there is no section "Detour"');
    expect(() => readTour('## Tour\n```sh\n# nothing\n```\n', 'Tour')).toThrow('output without a command: # nothing');
  });
});
