import { describe, expect, it } from 'vitest';
import { readReceived } from './received-push.ts';

describe('readReceived', () => {
  it('reads what a Web Push device decrypted', () => {
    const received = {
      atMs: 5,
      payload: '{"id":"n1","title":"T","body":"B"}',
      ttlSeconds: 60,
      urgency: 'high',
      topic: 'abc',
      bodyBytes: 300,
      httpVersion: '2.0',
    };
    const facts = ['TTL 60 s', 'urgency high', 'topic', '300 bytes', 'HTTP/2.0'];
    expect(readReceived(received)).toEqual({ atMs: 5, id: 'n1', title: 'T', body: 'B', facts });
  });

  it('reads what an FCM device got', () => {
    const message = {
      notification: { title: 'T', body: 'B' },
      data: { belfry_id: 'n1' },
      android: { ttl: '60s', priority: 'HIGH' },
    };
    const facts = ['TTL 60 s', 'priority high', 'HTTP/2.0'];
    expect(readReceived({ atMs: 5, message, httpVersion: '2.0' })).toEqual({
      atMs: 5,
      id: 'n1',
      title: 'T',
      body: 'B',
      facts,
    });
  });

  it.each([
    { atMs: 1, payload: 'no JSON' },
    { atMs: 1, payload: '7' },
    { atMs: 1, message: {} },
  ])('leaves open what is not there: %j', (item) => {
    expect(readReceived(item)).toEqual({ atMs: 1, id: '', title: '', body: '', facts: [] });
  });
});
