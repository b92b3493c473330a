import { findKafka } from '@belfry/testing/find-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { expect, it } from 'vitest';
import { freezeMember } from './testing/freeze-member.ts';

describeNeeding('kafka', await findKafka(), 'a member that was frozen beyond its session', ({ brokers }) => {
  it('cannot commit any more, and does not fail for it', { timeout: 90_000 }, async () => {
    const figures = await freezeMember(brokers, { frozenMs: 7_000 });
    expect(figures).toEqual({
      committedBefore: 4,
      committedAfter: 4,
      heardBefore: false,
      failure: undefined,
      left: 4,
      readAgain: expect.any(Number),
    });
    expect(figures.readAgain).toBeGreaterThanOrEqual(figures.left);
  });
});
