import { isUnavailable } from '@belfry/core/unavailable-error';
import { ThreadError } from '@belfry/sqlite';
import { describe, expect, it } from 'vitest';
import { LogCorruption } from './log-corruption.ts';
import { toLogFailure } from './log-failure.ts';

const failure = { name: 'Error', message: 'what happened', code: undefined, sqliteCode: undefined, stack: undefined };

describe('toLogFailure', () => {
  it.each([
    ['no room in the file', { sqliteCode: 13 }, 'log-full'],
    ['the floor of free space', { code: 'log-full' }, 'log-full'],
    ['a failed sync', { sqliteCode: 1034 }, 'log-unavailable'],
    ['a failed read', { sqliteCode: 266 }, 'log-unavailable'],
    ['the end of the thread', { code: 'thread-died' }, 'log-unavailable'],
    ['a call after the end', { code: 'thread-closed' }, 'log-unavailable'],
  ])('makes %s an unavailable log', (_, fields, code) => {
    const thrown = new ThreadError({ ...failure, detail: undefined, ...fields });
    const result = toLogFailure(thrown);
    expect(isUnavailable(result)).toBe(true);
    expect(result).toMatchObject({ code, cause: thrown, message: expect.stringContaining('what happened') });
  });

  it('brings corruption over with its place', () => {
    const detail = { logTopic: 'topic', partition: 1, offset: 7 };
    const result = toLogFailure(new ThreadError({ ...failure, code: 'log-corrupt', detail }));
    expect(result).toBeInstanceOf(LogCorruption);
    expect(result).toMatchObject({ message: 'what happened', code: 'log-corrupt', detail });
  });

  it.each([
    ['SQLite found it damaged, be it in a commit', { sqliteCode: 11 + (3 << 8) }],
    ['it is no database', { sqliteCode: 26 }],
    ['its tables are not those that the log makes', { sqliteCode: 1 }],
    ['it has a number that nobody wrote', { code: 'ERR_OUT_OF_RANGE' }],
  ])('is corruption where %s', (_, fields) => {
    const thrown = new ThreadError({ ...failure, detail: undefined, ...fields });
    const result = toLogFailure(thrown);
    expect(result).toBeInstanceOf(LogCorruption);
    expect(result).toMatchObject({ cause: thrown, message: expect.stringContaining('what happened') });
  });

  it('leaves other errors as they are', () => {
    const bug = new ThreadError({ ...failure, name: 'TypeError', detail: undefined });
    expect(toLogFailure(bug)).toBe(bug);
    const own = new RangeError('too long');
    expect(toLogFailure(own)).toBe(own);
    expect(toLogFailure('text')).toMatchObject({ message: 'text' });
  });
});
