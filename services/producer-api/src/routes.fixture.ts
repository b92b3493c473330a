import type { Scope } from '@belfry/core/store/credentials';

/** A request to a route that would succeed, or fail only because what it names is not there. */
export type RouteCase = {
  readonly method: string;
  /** As in /openapi.json. */
  readonly template: string;
  readonly path: string;
  readonly body?: unknown;
  readonly scope: Scope | undefined;
  /** The user who may do it with their own token. */
  readonly user?: string;
};

/** The user that all per-user routes of the table are about. */
const USER = 'alice';

/** Every route. A test holds the table against /openapi.json, so that a new route cannot be forgotten here. */
export const ROUTES: readonly RouteCase[] = [
  producer('POST', '/v1/notifications', { to: { users: [USER] }, type: 't', title: 'T' }, 'notifications:write'),
  producer(
    'POST',
    '/v1/notifications/batch',
    [{ to: { users: [USER] }, type: 't', title: 'T' }],
    'notifications:write',
  ),
  producer('GET', '/v1/notifications/{id}', undefined, 'notifications:read'),
  producer('DELETE', '/v1/notifications/{id}', undefined, 'notifications:write'),
  perUser('POST', '/v1/users/{user}/devices', { channel: 'fcm', token: 'a-new-token' }, 'users:write'),
  perUser('GET', '/v1/users/{user}/devices', undefined, 'users:read'),
  perUser('DELETE', '/v1/users/{user}/devices/{id}', undefined, 'users:write'),
  perUser('GET', '/v1/users/{user}/inbox', undefined, 'users:read'),
  perUser('POST', '/v1/users/{user}/inbox/read', { all: true }, 'users:write'),
  perUser('GET', '/v1/users/{user}/preferences', undefined, 'users:read'),
  perUser('PUT', '/v1/users/{user}/preferences', { channels: { fcm: true } }, 'users:write'),
  perUser('POST', '/v1/connection-tickets', { user: USER }, 'users:write'),
  perUser('POST', '/v1/acks', { ids: ['id-1'], user: USER }, 'users:write'),
  producer('GET', '/v1/topics/{topic}/subscribers', undefined, 'users:read'),
  producer('PUT', '/v1/topics/{topic}/subscribers', { users: ['zoe'] }, 'users:write'),
  producer('DELETE', '/v1/topics/{topic}/subscribers/{user}', undefined, 'users:write'),
  producer('GET', '/v1/dead-letters', undefined, 'dead-letters'),
  producer('GET', '/v1/dead-letters/groups', undefined, 'dead-letters'),
  producer('POST', '/v1/dead-letters/redrive', { filter: {} }, 'dead-letters'),
  producer('GET', '/v1/unreadable-jobs', undefined, 'admin'),
  producer('GET', '/v1/webpush/public-key', undefined, undefined),
];

function producer(method: string, template: string, body: unknown, scope: Scope | undefined): RouteCase {
  const path = template.replace('{user}', USER).replace('{id}', 'id-1').replace('{topic}', 'topic-1');
  return { method, template, path, scope, ...(body === undefined ? {} : { body }) };
}

function perUser(method: string, template: string, body: unknown, scope: Scope): RouteCase {
  return { ...producer(method, template, body, scope), user: USER };
}
