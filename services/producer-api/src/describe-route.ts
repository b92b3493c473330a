import type { Scope } from '@belfry/core/store/credentials';

export type RouteTag =
  | 'Notifications'
  | 'Devices'
  | 'Inbox'
  | 'Realtime'
  | 'Topics'
  | 'Preferences'
  | 'Dead letters'
  | 'Web Push';

export type RouteDescription = {
  readonly tag: RouteTag;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  /** What an API key needs; undefined where nobody has to say who they are. */
  readonly scope: Scope | undefined;
  /** Whether the user concerned may do it with their own token, too. */
  readonly userToken?: true;
};

/** The part of a route's schema that only its documentation reads. */
export function describeRoute(route: RouteDescription) {
  const who =
    route.scope === undefined
      ? 'Needs no credential.'
      : `Needs an API key with the scope \`${route.scope}\`${route.userToken ? ', or the token of that user' : ''}.`;
  return {
    tags: [route.tag],
    operationId: route.operationId,
    summary: route.summary,
    description: route.description === undefined ? who : `${route.description} ${who}`,
    security:
      route.scope === undefined ? [] : [{ apiKey: [] }, ...(route.userToken === undefined ? [] : [{ userToken: [] }])],
  };
}
