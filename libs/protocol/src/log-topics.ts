import type { Lane, PushChannel } from '@belfry/core/notification';

/** Names of the log topics. `jobs.*` and `deliveries.*` carry work, the other two are output feeds for whoever wants to listen. */
export const jobsTopic = (lane: Lane): string => `jobs.${lane}`;
export const deliveriesTopic = (channel: PushChannel, lane: Lane): string => `deliveries.${channel}.${lane}`;
export const RECEIPTS_TOPIC = 'receipts';
export const DEAD_LETTERS_TOPIC = 'dead-letters';

export const ROUTER_GROUP = 'router';
export const workerGroup = (channel: PushChannel): string => `${channel}-worker`;

/** Key of work for one recipient: what is ordered together shares it. */
export const recipientKey = (tenant: string, user: string): string => `${tenant}/${user}`;
