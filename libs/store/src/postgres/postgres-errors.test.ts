import { DatabaseError } from 'pg';
import { describe, expect, it } from 'vitest';
import { ChangedMeanwhileError } from '../changed-meanwhile-error.ts';
import { ConnectionFailure, isOutage, isRepeatable, isStalePlan, refusalOf } from './postgres-errors.ts';

function serverError(code: string, message = 'message'): DatabaseError {
  return Object.assign(new DatabaseError(message, 0, 'error'), { code });
}

describe('what an error of PostgreSQL means', () => {
  it.each([
    ['08006', 'connection failure', 'outage'],
    ['25006', 'read-only transaction', 'outage'],
    ['25P03', 'idle in transaction for too long', 'outage'],
    ['53100', 'disk full', 'outage'],
    ['53300', 'too many connections', 'outage'],
    ['55P03', 'lock timeout', 'outage'],
    ['57014', 'statement timeout', 'outage'],
    ['57P01', 'administrator shutdown', 'outage'],
    ['57P02', 'crash of another backend', 'outage'],
    ['57P03', 'starting up', 'outage'],
    ['58030', 'I/O error', 'outage'],
    ['40001', 'serialization failure', 'repeated, then an outage'],
    ['40P01', 'deadlock', 'repeated, then an outage'],
    ['23505', 'unique violation', 'repeated'],
    ['26000', 'no such prepared statement', 'repeated'],
    ['22001', 'value too long', 'a bug'],
    ['23502', 'null where none may be', 'a bug'],
    ['42P01', 'no such table', 'a bug'],
    ['0A000', 'not supported', 'a bug'],
  ])('%s (%s): %s', (code, _, meaning) => {
    const error = serverError(code);
    expect(isRepeatable(error)).toBe(meaning.startsWith('repeated'));
    expect(isOutage(error)).toBe(meaning.endsWith('outage'));
  });

  it('takes a plan that no longer fits for stale, and no other statement that is not supported', () => {
    const stale = serverError('0A000', 'cached plan must not change result type');
    expect([isStalePlan(stale), isRepeatable(stale), isOutage(stale)]).toEqual([true, true, false]);
    expect(isStalePlan(serverError('0A000', 'cross-database references are not implemented'))).toBe(false);
  });

  it('takes every failure of a connection for an outage, and says why', () => {
    const refused = new AggregateError([
      new Error('connect ECONNREFUSED ::1:5432'),
      new Error('connect ECONNREFUSED 127.0.0.1:5432'),
    ]);
    const failure = new ConnectionFailure(refused);
    expect(isOutage(failure)).toBe(true);
    expect(failure.message).toBe('connect ECONNREFUSED ::1:5432; connect ECONNREFUSED 127.0.0.1:5432');
  });

  it('tells a server that refuses us for good from one that cannot serve now', () => {
    const wrongPassword = serverError('28P01');
    expect(refusalOf(new ConnectionFailure(wrongPassword))).toBe(wrongPassword);
    expect(refusalOf(new ConnectionFailure(serverError('57P03')))).toBeUndefined();
    expect(refusalOf(new ConnectionFailure(new Error('timeout')))).toBeUndefined();
  });

  it('repeats what another transaction took away, and blames nobody for a bug of ours', () => {
    expect(isRepeatable(new ChangedMeanwhileError('a row'))).toBe(true);
    expect([isRepeatable(new TypeError('bug')), isOutage(new TypeError('bug'))]).toEqual([false, false]);
  });
});
