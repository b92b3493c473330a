import { expect, it } from 'vitest';
import { parseRedisUrl } from './redis-address.ts';

it.each([
  ['redis://localhost', { host: 'localhost', port: 6379, isTls: false }],
  ['redis://127.0.0.1:16379/0', { host: '127.0.0.1', port: 16379, isTls: false }],
  ['rediss://cache.example:7000/', { host: 'cache.example', port: 7000, isTls: true }],
  ['redis://:p%40ss%2Fword@[::1]:6380', { host: '::1', port: 6380, isTls: false, password: 'p@ss/word' }],
  ['rediss://me:secret@a.b', { host: 'a.b', port: 6379, isTls: true, username: 'me', password: 'secret' }],
])('reads %s', (url, address) => expect(parseRedisUrl(url)).toEqual(address));

it.each([
  ['', 'must look like'],
  ['localhost:6379', 'must look like'],
  ['http://localhost', 'must look like'],
  ['redis://', 'must look like'],
  ['redis://user:hunter2@host/3', 'must not name a database'],
  ['redis://user:hunter2@host?enableOfflineQueue=true', 'must end after host and port'],
])('refuses %s and does not repeat it', (url, reason) => {
  expect(() => parseRedisUrl(url)).toThrow(reason);
  expect(() => parseRedisUrl(url)).not.toThrow('hunter2');
});
