import type { DeviceValidation, PushChannelAdapter } from '@belfry/core/channel';
import { type Device, pushServiceOf } from '@belfry/core/device';
import { PUSH_CHANNELS, type PushChannel } from '@belfry/core/notification';
import type { Random } from '@belfry/core/random';
import type { DeviceStore } from '@belfry/core/store/devices';
import { userIdSchema } from '@belfry/protocol/identifiers';
import { LIMITS } from '@belfry/protocol/limits';
import { type Authentication, type HttpApp, ProblemError, principalOf } from '@belfry/runtime';
import { z } from 'zod';
import { toIsoTime } from '../attempt-view.ts';
import { describeRoute } from '../describe-route.ts';
import { problemResponses, repeatableHeaders, repeatableProblemResponses } from '../problem-responses.ts';
import { userParams } from '../user-params.ts';

export type DeviceRouteDeps = {
  readonly authentication: Authentication;
  readonly store: DeviceStore;
  readonly random: Random;
  readonly channels: Readonly<Record<PushChannel, Pick<PushChannelAdapter, 'validateDevice'>>>;
};

/** Only the outline: what an address must look like is the channel's to say. */
const registrationSchema = z.discriminatedUnion('channel', [
  z.strictObject({
    channel: z.literal('webpush'),
    subscription: z
      .looseObject({
        endpoint: z.string().min(1).max(LIMITS.urlLength),
        keys: z.looseObject({ p256dh: z.string().max(256), auth: z.string().max(256) }),
      })
      .describe('What `PushSubscription.toJSON()` gives'),
    keyId: z
      .string()
      .max(64)
      .optional()
      .describe('The key that the page subscribed with; the current one when omitted'),
  }),
  z.strictObject({ channel: z.literal('fcm'), token: z.string().min(1).describe('The FCM registration token') }),
]);

const registeredSchema = z.object({ id: z.string() });

const deviceSchema = z.object({
  id: z.string(),
  channel: z.enum(PUSH_CHANNELS),
  status: z.literal('active'),
  host: z.string().describe('Of the push service, or `fcm`'),
  createdAt: z.iso.datetime(),
});

/** `POST /v1/users/{user}/devices`. */
export function addDeviceRegistration(
  app: HttpApp,
  { authentication, store, random, channels }: DeviceRouteDeps,
): void {
  app.post(
    '/v1/users/:user/devices',
    {
      onRequest: authentication.requireUserOrScope('users:write'),
      schema: {
        ...describeRoute({
          tag: 'Devices',
          operationId: 'registerDevice',
          summary: 'Register a device of a user',
          description: 'The same address again is answered 200 with the same id.',
          scope: 'users:write',
          userToken: true,
        }),
        params: userParams,
        body: registrationSchema,
        headers: repeatableHeaders,
        response: {
          200: registeredSchema.describe('Known already'),
          201: registeredSchema.describe('Registered'),
          ...repeatableProblemResponses('device_owned_by_another_user', 'too_many_devices'),
        },
      },
    },
    async (request, reply) => {
      const { tenant } = principalOf(request);
      const validation = await validateAddress(request.body, channels);
      if (!validation.ok) {
        throw new ProblemError('validation_failed', { detail: validation.detail, field: validation.field });
      }
      const newId = Buffer.from(random.bytes(16)).toString('base64url');
      const registered = await store.registerDevice({ tenant, user: request.params.user }, newId, validation.address);
      switch (registered.kind) {
        case 'created':
          return reply.code(201).send({ id: registered.id });
        case 'refreshed':
          return reply.code(200).send({ id: registered.id });
        case 'owned-by-another':
          throw new ProblemError('device_owned_by_another_user');
        case 'too-many':
          throw new ProblemError('too_many_devices', { limit: registered.limit });
      }
    },
  );
}

/** Listing and removing devices. */
export function addDeviceRoutes(app: HttpApp, { authentication, store }: DeviceRouteDeps): void {
  app.get(
    '/v1/users/:user/devices',
    {
      onRequest: authentication.requireUserOrScope('users:read'),
      schema: {
        ...describeRoute({
          tag: 'Devices',
          operationId: 'listDevices',
          summary: 'Devices of a user',
          description: 'Addresses and keys are never shown.',
          scope: 'users:read',
          userToken: true,
        }),
        params: userParams,
        response: { 200: z.object({ items: z.array(deviceSchema) }).describe('All of them'), ...problemResponses() },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      const devices = await store.listDevices({ tenant, user: request.params.user });
      return { items: devices.map(toDeviceView) };
    },
  );

  app.delete(
    '/v1/users/:user/devices/:id',
    {
      onRequest: authentication.requireUserOrScope('users:write'),
      schema: {
        ...describeRoute({
          tag: 'Devices',
          operationId: 'removeDevice',
          summary: 'Remove a device',
          scope: 'users:write',
          userToken: true,
        }),
        params: z.object({ user: userIdSchema, id: z.string().min(1).max(LIMITS.idLength) }),
        response: { 204: z.undefined().describe('Removed'), ...problemResponses('not_found') },
      },
    },
    async (request, reply) => {
      const { tenant } = principalOf(request);
      const { user, id } = request.params;
      if (await store.removeDevice({ tenant, user }, id)) return reply.code(204).send();
      throw new ProblemError('not_found', { detail: 'The user has no such device.', field: 'path:id' });
    },
  );
}

/** Asks the channel, in its own terms, and gives its pointer in terms of the body. */
async function validateAddress(
  body: z.infer<typeof registrationSchema>,
  channels: DeviceRouteDeps['channels'],
): Promise<DeviceValidation> {
  if (body.channel === 'fcm') return channels.fcm.validateDevice(body);
  const { subscription, keyId } = body;
  const validation = await channels.webpush.validateDevice(
    keyId === undefined ? subscription : { ...subscription, keyId },
  );
  if (validation.ok || (keyId !== undefined && validation.field === '/keyId')) return validation;
  return { ...validation, field: `/subscription${validation.field}` };
}

function toDeviceView(device: Device): z.infer<typeof deviceSchema> {
  return {
    id: device.id,
    channel: device.channel,
    status: 'active',
    host: pushServiceOf(device) ?? device.channel,
    createdAt: toIsoTime(device.createdAtMs),
  };
}
