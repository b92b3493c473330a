import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignPartitions } from './assign-partitions.ts';

const four = () => 4;

describe('assignPartitions', () => {
  it.each([
    ['nobody', [], {}],
    ['one member', [['a']], { a: [0, 0, 0, 0] }],
    ['two members', [['a'], ['a']], { a: [0, 1, 0, 1] }],
    ['more members than partitions', [['a'], ['a'], ['a'], ['a'], ['a']], { a: [0, 1, 2, 3] }],
    ['members with different topics', [['a', 'b'], ['b']], { a: [0, 0, 0, 0], b: [0, 1, 0, 1] }],
  ])('deals to %s', (_, subscriptions, expected) => {
    const assignment = assignPartitions(
      subscriptions.map((logTopics) => ({ logTopics })),
      four,
    );
    expect(Object.fromEntries(assignment)).toEqual(expected);
  });

  it('gives every partition to one subscriber, and none much more than another', () => {
    const topics: fc.Arbitrary<string[]> = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 });
    fc.assert(
      fc.property(
        fc.array(topics, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 20 }),
        (members, count) => {
          const assignment = assignPartitions(
            members.map((logTopics) => ({ logTopics })),
            () => count,
          );
          expect(new Set(assignment.keys())).toEqual(new Set(members.flat()));
          for (const [topic, owners] of assignment) {
            const shares = [...members.keys()]
              .filter((member) => members[member]?.includes(topic))
              .map((member) => owners.filter((owner) => owner === member).length);
            expect(shares.reduce((sum, share) => sum + share)).toBe(count);
            expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
  });
});
