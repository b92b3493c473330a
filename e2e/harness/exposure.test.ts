import { describe, expect, it } from 'vitest';
import { describeRepeat, type Exposure, type Send, weighRepeats } from './exposure.ts';

const KILL: Exposure = { service: 'fcm-worker', fromMs: 10_000, toMs: 10_010 };
const send = (id: string, arrivedAtMs: number, acceptedAtMs: number, service: Send['service'] = 'fcm-worker'): Send => {
  return { service, target: 'phone', id, arrivedAtMs, acceptedAtMs };
};

describe('sends that were repeated', () => {
  it.each<[string, readonly Send[], object]>([
    [
      'of one that was under way',
      [send('a', 9_900, 10_300), send('a', 17_000, 17_100)],
      { underWay: 1, unexplained: 0 },
    ],
    [
      'of one that was answered, perhaps not settled',
      [send('a', 8_000, 8_500), send('a', 17_000, 17_100)],
      { underWay: 1, unexplained: 0 },
    ],
    [
      'of one that took longer than its repetition',
      [send('a', 10_700, 10_900), send('a', 9_900, 11_300)],
      { underWay: 1, unexplained: 0 },
    ],
    [
      'of one that was over before',
      [send('a', 7_000, 7_900), send('a', 17_000, 17_100)],
      { underWay: 0, unexplained: 1 },
    ],
    [
      'of one that was on its way to the provider',
      [send('a', 10_510, 10_600), send('a', 17_000, 17_100)],
      { underWay: 1, unexplained: 0 },
    ],
    [
      'of one that began after',
      [send('a', 10_511, 10_600), send('a', 17_000, 17_100)],
      { underWay: 0, unexplained: 1 },
    ],
    [
      'of one of another group',
      [send('a', 9_900, 10_300, 'webpush-worker'), send('a', 17_000, 17_100, 'webpush-worker')],
      { underWay: 0, unexplained: 1 },
    ],
    [
      'twice, of which the second was under way in nothing',
      [send('a', 9_900, 10_300), send('a', 17_000, 17_100), send('a', 19_000, 19_100)],
      { underWay: 1, repeats: 2, unexplained: 1 },
    ],
  ])('%s', (_, sends, expected) => {
    const { unexplained, ...counts } = weighRepeats(sends, [KILL]);
    expect({ ...counts, unexplained: unexplained.length }).toMatchObject({ repeats: 1, ...expected });
  });

  it('are none where every device got everything once', () => {
    const once = [
      send('a', 9_900, 10_000),
      send('b', 9_900, 10_000),
      { ...send('a', 9_900, 10_000), target: 'tablet' },
    ];
    expect(weighRepeats(once, [KILL])).toEqual({ underWay: 3, repeats: 0, unexplained: [] });
  });

  it('are told apart by how far they were from what could have caused them', () => {
    const sends = [send('a', 7_000, 7_900), send('a', 17_000, 17_100)];
    const [repeat] = weighRepeats(sends, [KILL]).unexplained;
    if (repeat === undefined) throw new Error('one is unexplained');
    const earlier: Exposure = { service: 'fcm-worker', fromMs: 5_000, toMs: 6_500 };
    expect(describeRepeat(repeat, [earlier, KILL, { ...KILL, service: 'webpush-worker', fromMs: 8_000 }])).toBe(
      'fcm-worker: took 900 ms, again 9100 ms later; began 500 ms after an exposure, ended 2100 ms before one',
    );
  });
});
