import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFaults } from './faults.ts';
import { parseFaults, parseSteps } from './parse-script.ts';
import { createScriptBook, type ScriptAction, type ScriptStep } from './script.ts';

const accept: ScriptAction = { kind: 'accept' };
const status = (code: number): ScriptAction => ({ kind: 'status', status: code });

describe('script book', () => {
  it('uses up steps in order, each as often as it says, then holds what comes afterwards', () => {
    const book = createScriptBook();
    book.set('a', [{ ...status(503), times: 2 }, status(429)], status(410));
    expect(book.remaining('a')).toBe(3);
    const taken = Array.from({ length: 5 }, () => book.next('a'));
    expect(taken).toEqual([status(503), status(503), status(429), status(410), status(410)]);
    expect(book.next('b')).toEqual(accept);
  });

  it("asks a target's own script first, then that of every target, then faults", () => {
    const book = createScriptBook();
    book.setFaults({ goneRate: 1 });
    book.set('*', [status(500)]);
    book.set('a', [status(429)]);
    expect([book.next('a'), book.next('a'), book.next('a')]).toEqual([status(429), status(500), status(410)]);
    book.setFaults(undefined);
    expect(book.next('a')).toEqual(accept);
  });

  it('hands out exactly the steps of any script', () => {
    const step = fc.record({ status: fc.integer({ min: 200, max: 599 }), times: fc.integer({ min: 1, max: 4 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (parts) => {
        const book = createScriptBook();
        const steps: ScriptStep[] = parts.map((part) => ({ ...status(part.status), times: part.times }));
        book.set('a', steps);
        const expected = parts.flatMap((part) => Array.from({ length: part.times }, () => status(part.status)));
        expect(expected.map(() => book.next('a'))).toEqual(expected);
        expect([book.remaining('a'), book.next('a')]).toEqual([0, accept]);
      }),
    );
  });
});

describe('faults', () => {
  const plan = { failRate: 0.2, unknownRate: 0.005, goneRate: 0.01, seed: 7 };
  const draw = (count: number) => {
    const faults = createFaults(plan);
    return Array.from({ length: count }, (_, index) => faults.next(`t${index}`));
  };

  it('come in the planned shares', () => {
    const count = 40_000;
    const actions = draw(count);
    const share = (matches: (action: ScriptAction) => boolean) => actions.filter(matches).length / count;
    const isStatus = (code: number) => (action: ScriptAction) => action.kind === 'status' && action.status === code;
    expect(share(isStatus(410))).toBeCloseTo(0.01, 2);
    expect(share(isStatus(503))).toBeCloseTo(0.1, 2);
    expect(share(isStatus(429))).toBeCloseTo(0.1, 2);
    expect(share(({ kind }) => kind === 'reset-before' || kind === 'reset-after')).toBeCloseTo(0.005, 2.5);
    expect(share(({ kind }) => kind === 'accept')).toBeCloseTo(0.785, 1);
  });

  it('are the same for the same seed, and a gone target stays gone', () => {
    expect(draw(500)).toEqual(draw(500));
    const faults = createFaults({ goneRate: 0.5, seed: 3 });
    const first = new Map(Array.from({ length: 50 }, (_, index) => [`t${index}`, faults.next(`t${index}`)]));
    for (const [target, action] of first)
      if (action.kind === 'status') expect(faults.next(target)).toEqual(status(410));
  });
});

describe('parseSteps and parseFaults', () => {
  it.each([
    [{}, '/steps'],
    [[1], '/steps/0'],
    [[{ kind: 'explode' }], '/steps/0/kind'],
    [[{ kind: 'status' }], '/steps/0/status'],
    [[{ kind: 'status', status: 100 }], '/steps/0/status'],
    [[{ kind: 'status', status: 429, retryAfter: -1 }], '/steps/0/retryAfter'],
    [[{ kind: 'status', status: 429, headers: { a: 1 } }], '/steps/0/headers'],
    [[{ kind: 'accept' }, { kind: 'accept', times: 0 }], '/steps/1/times'],
    [[{ kind: 'slow', delayMs: 1 }], '/steps/0/next'],
    [[{ kind: 'slow', delayMs: 1, next: { kind: 'slow', delayMs: 1.5 } }], '/steps/0/next/delayMs'],
    [[{ kind: 'goaway' }], '/steps/0/accepted'],
  ])('refuses %j at %s', (steps, field) => {
    expect(parseSteps(steps)).toEqual({ ok: false, field, detail: expect.stringMatching(/^must /) });
  });

  it('reads every kind', () => {
    const steps: readonly ScriptStep[] = [
      accept,
      { kind: 'hang', times: 2 },
      { kind: 'reset-before' },
      { kind: 'reset-after' },
      { kind: 'half-close' },
      { kind: 'goaway', accepted: true },
      {
        kind: 'slow',
        delayMs: 5,
        next: { kind: 'status', status: 503, retryAfter: 'later', headers: { a: 'b' }, body: {} },
      },
    ];
    expect(parseSteps(JSON.parse(JSON.stringify(steps)))).toEqual({ ok: true, value: steps });
  });

  it.each([
    [{ failRate: '1' }, '/failRate'],
    [{ failRate: 0.6, unknownRate: 0.6 }, ''],
    [{ goneRate: -0.1 }, '/goneRate'],
    [{ seed: 1.5 }, '/seed'],
    [[], ''],
  ])('refuses faults %j', (input, field) => {
    expect(parseFaults(input)).toMatchObject({ ok: false, field });
  });
});
