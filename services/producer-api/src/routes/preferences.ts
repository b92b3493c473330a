import { CHANNELS } from '@belfry/core/notification';
import type { UserStore } from '@belfry/core/store/devices';
import { LIMITS } from '@belfry/protocol/limits';
import { type Authentication, type HttpApp, principalOf } from '@belfry/runtime';
import { z } from 'zod';
import { describeRoute } from '../describe-route.ts';
import { bodyProblemResponses, problemResponses } from '../problem-responses.ts';
import { userParams } from '../user-params.ts';

export type PreferenceRouteDeps = {
  readonly authentication: Authentication;
  readonly store: Pick<UserStore, 'readPreferences' | 'writePreferences'>;
};

/** Types that a user may switch channels off for. */
const MAX_TYPES = 200;

const switches = z.partialRecord(z.enum(CHANNELS), z.boolean());

const preferencesSchema = z.strictObject({
  channels: switches.default({}).describe('`false` switches the channel off'),
  types: z
    .record(z.string().min(1).max(LIMITS.typeLength), switches)
    .refine((types) => Object.keys(types).length <= MAX_TYPES, {
      error: `at most ${MAX_TYPES} types`,
      params: { limit: MAX_TYPES },
    })
    .default({})
    .describe('The same, for one type of notification'),
});

/** What a user does not want to get. */
export function addPreferenceRoutes(app: HttpApp, { authentication, store }: PreferenceRouteDeps): void {
  app.get(
    '/v1/users/:user/preferences',
    {
      onRequest: authentication.requireUserOrScope('users:read'),
      schema: {
        ...describeRoute({
          tag: 'Preferences',
          operationId: 'readPreferences',
          summary: 'Preferences of a user',
          scope: 'users:read',
          userToken: true,
        }),
        params: userParams,
        response: { 200: preferencesSchema.describe('What is set'), ...problemResponses() },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      const { channels, types } = await store.readPreferences({ tenant, user: request.params.user });
      return { channels, types };
    },
  );

  app.put(
    '/v1/users/:user/preferences',
    {
      onRequest: authentication.requireUserOrScope('users:write'),
      schema: {
        ...describeRoute({
          tag: 'Preferences',
          operationId: 'writePreferences',
          summary: 'Replace the preferences of a user',
          description: 'High-priority notifications ignore them.',
          scope: 'users:write',
          userToken: true,
        }),
        params: userParams,
        body: preferencesSchema,
        response: {
          200: preferencesSchema.describe('What is set now'),
          ...bodyProblemResponses(),
        },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      await store.writePreferences({ tenant, user: request.params.user }, request.body);
      return request.body;
    },
  );
}
