import { PUSH_CHANNELS } from '@belfry/core/notification';
import { userIdSchema } from '@belfry/protocol/identifiers';
import { type HttpApp, ProblemError } from '@belfry/runtime';
import { z } from 'zod';
import { BEHAVIOURS } from './behaviours.ts';
import type { RequestGuard } from './request-guard.ts';
import type { SimulatedDevices } from './simulated-devices.ts';

export type SimulatedDeviceRouteDeps = {
  readonly guard: RequestGuard;
  /** Undefined where there is no simulator. */
  readonly devices: SimulatedDevices | undefined;
};

const PATH = '/console/api/simulated-devices';

const idParams = z.object({ id: z.string().min(1).max(128) });
const behaviourSchema = z.enum(BEHAVIOURS);

/** `GET`, `POST`, `PUT …/{id}` and `DELETE …/{id}` of `/console/api/simulated-devices`. */
export function addSimulatedDeviceRoutes(http: HttpApp, { guard, devices }: SimulatedDeviceRouteDeps): void {
  const onRequest = guard.page;

  http.get(
    PATH,
    { onRequest, schema: { hide: true, querystring: z.object({ user: userIdSchema }) } },
    async ({ query }, reply) => {
      reply.header('cache-control', 'no-store');
      return { available: devices !== undefined, items: (await devices?.list(query.user)) ?? [] };
    },
  );
  if (devices === undefined) return;

  http.post(
    PATH,
    {
      onRequest,
      schema: {
        hide: true,
        body: z.strictObject({ user: userIdSchema, channel: z.enum(PUSH_CHANNELS), behaviour: behaviourSchema }),
      },
    },
    async ({ body }, reply) => {
      const result = await devices.add(body.user, body.channel, body.behaviour);
      if (result.ok) return reply.code(201).send(result.device);
      return reply.code(result.answer.status).type(result.answer.contentType).send(result.answer.body);
    },
  );

  http.put(
    `${PATH}/:id`,
    { onRequest, schema: { hide: true, params: idParams, body: z.strictObject({ behaviour: behaviourSchema }) } },
    async ({ params, body }, reply) => {
      if (!(await devices.setBehaviour(params.id, body.behaviour))) throw unknownDevice();
      return reply.code(204).send();
    },
  );

  http.delete(`${PATH}/:id`, { onRequest, schema: { hide: true, params: idParams } }, async ({ params }, reply) => {
    if (!(await devices.remove(params.id))) throw unknownDevice();
    return reply.code(204).send();
  });
}

function unknownDevice(): ProblemError {
  return new ProblemError('not_found', { detail: 'There is no such simulated device.', field: 'path:id' });
}
