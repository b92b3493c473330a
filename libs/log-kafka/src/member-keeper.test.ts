import { isUnavailable, UnavailableError } from '@belfry/core/unavailable-error';
import { createFakeClock } from '@belfry/testing/fake-clock';
import kafkajs from 'kafkajs';
import { beforeEach, describe, expect, it } from 'vitest';
import { consumeLimits } from './consume-options.ts';
import type { GroupMember } from './group-member.ts';
import type { KafkaAdmin } from './kafka-admin.ts';
import { silentLogger } from './kafka-log.fixture.ts';
import { createMemberKeeper, type MemberKeeper } from './member-keeper.ts';

type FakeMember = GroupMember & { silent(silentMs: number): void; isEnded: boolean; isClosed: boolean };

describe('keeping a member', () => {
  let clock: ReturnType<typeof createFakeClock>;
  let members: FakeMember[];
  let fatal: Error[];
  let keeper: MemberKeeper;
  /** What the group's coordinator says. */
  let answer: () => Promise<unknown>;
  let start: () => Promise<void>;
  const limits = consumeLimits();

  function createMember(onSilence: (silentMs: number) => void): GroupMember {
    const ended = Promise.withResolvers<Error>();
    const member: FakeMember = {
      start: () => start(),
      ended: ended.promise,
      workedMs: 0,
      isEnded: false,
      isClosed: false,
      silent: onSilence,
      pause: () => {},
      resume: () => {},
      commit: async () => {},
      end(reason) {
        member.isEnded = true;
        ended.resolve(reason);
      },
      async close() {
        member.end(new Error('closed'));
        member.isClosed = true;
      },
    };
    members.push(member);
    return member;
  }

  beforeEach(() => {
    clock = createFakeClock();
    members = [];
    fatal = [];
    answer = async () => [];
    start = async () => {};
    const admin: KafkaAdmin = {
      run: <Result>() => answer() as Promise<Result>,
      close: async () => {},
    };
    keeper = createMemberKeeper({
      groupId: 'readers',
      topics: ['jobs'],
      limits,
      clock,
      random: undefined,
      logger: silentLogger,
      admin,
      onFatal: (error) => fatal.push(error),
      create: createMember,
    });
  });

  const crash = async (reason = 'crashed') => {
    members.at(-1)?.end(new Error(reason));
    await clock.settle();
  };

  it('makes it anew when it ends, after the old one was closed', async () => {
    await keeper.start();
    await crash();
    await clock.advance(1_000);
    expect(members.map(({ isClosed }) => isClosed)).toEqual([true, false]);
    expect(keeper.member).toBe(members[1]);
  });

  it('makes it anew when nothing is heard of it though the broker answers', async () => {
    await keeper.start();
    members[0]?.silent(45_000);
    await clock.advance(1_000);
    expect(members.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  });

  it('leaves it alone when nothing is heard of the broker either', async () => {
    await keeper.start();
    answer = async () => {
      throw new UnavailableError('log-unavailable', 'no broker');
    };
    members[0]?.silent(45_000);
    await clock.settle();
    answer = () => new Promise(() => {});
    members[0]?.silent(90_000);
    await clock.advance(60_000);
    expect(members.map(({ isEnded }) => isEnded)).toEqual([false]);
  });

  it('waits out an outage of any length without making one, and counts none of it', async () => {
    await keeper.start();
    for (let outage = 0; outage < 20; outage++) {
      answer = async () => {
        throw new UnavailableError('log-unavailable', 'no broker');
      };
      await crash();
      const before = members.length;
      await clock.advance(600_000);
      expect(members).toHaveLength(before);
      answer = async () => [];
      await clock.advance(10_000);
      expect(members).toHaveLength(before + 1);
    }
    expect(fatal).toEqual([]);
  });

  it('takes a coordinator that is loading for an outage, and a refusal for an answer', async () => {
    const protocol = (type: string, retriable: boolean) =>
      new kafkajs.KafkaJSProtocolError({ type, code: 0, retriable, message: type } as never);
    await keeper.start();
    answer = () => Promise.reject(protocol('GROUP_LOAD_IN_PROGRESS', true));
    await crash();
    await clock.advance(60_000);
    expect(members).toHaveLength(1);
    answer = () => Promise.reject(protocol('GROUP_AUTHORIZATION_FAILED', false));
    await clock.advance(10_000);
    expect(members).toHaveLength(2);
  });

  it('is fatal, once, after five failures over two minutes though the broker answers', async () => {
    await keeper.start();
    start = () => Promise.reject(new Error('cannot decode'));
    await crash('cannot decode');
    await clock.advance(119_000);
    expect(fatal).toEqual([]);
    await clock.advance(20_000);
    expect(fatal.map(({ message }) => message)).toEqual([
      'group readers cannot be read though the broker answers: cannot decode',
    ]);
    const made = members.length;
    await clock.advance(600_000);
    expect([members.length, fatal.length]).toEqual([made, 1]);
  });

  it('rejects when no broker is reached in time, and leaves nothing behind', async () => {
    start = () => new Promise(() => {});
    const started = keeper.start().catch((error: unknown) => error);
    await clock.advance(limits.startTimeoutMs);
    const error = await started;
    expect(isUnavailable(error)).toBe(true);
    expect(String(error)).toMatch(/cannot read jobs as group readers: no broker was reached within 30000 ms/);
    expect([members[0]?.isClosed, clock.pending]).toEqual([true, 0]);
  });

  it('makes none after it was closed, whatever it was doing', async () => {
    await keeper.start();
    answer = () => Promise.reject(new UnavailableError('log-unavailable', 'no broker'));
    await crash();
    await keeper.close();
    answer = async () => [];
    await clock.advance(600_000);
    expect([members.length, clock.pending]).toEqual([1, 0]);
  });
});
