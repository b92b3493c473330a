import { notificationIdSchema, userIdSchema } from '@belfry/protocol/identifiers';
import { LIMITS } from '@belfry/protocol/limits';
import { z } from 'zod';

/** Path parameters of `/v1/users/{user}/…`. */
export const userParams = z.object({ user: userIdSchema });

/** Ids of notifications that one request acknowledges or reads. */
export const notificationIdsSchema = z.array(notificationIdSchema).min(1).max(LIMITS.ackIds);
