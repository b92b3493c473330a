import type { Lane, PushChannel } from '@belfry/core/notification';

/**
 * Names of the log topics. `jobs.*` and `deliveries.*` carry work, `receipts` and `dead-letters` are output feeds for whoever wants to listen, and `hints` wakes
 * gateways where the log is the backplane.
 */
export const jobsTopic = (lane: Lane): string => `jobs.${lane}`;
export const deliveriesTopic = (channel: PushChannel, lane: Lane): string => `deliveries.${channel}.${lane}`;
export const RECEIPTS_TOPIC = 'receipts';
export const DEAD_LETTERS_TOPIC = 'dead-letters';
export const HINTS_TOPIC = 'hints';

export const ROUTER_GROUP = 'router';
/** One for each topic that upstreams write to, so that a change of their list disturbs no other topic. */
export const inputGroup = (logTopic: string): string => `router.${logTopic}`;
export const workerGroup = (channel: PushChannel): string => `${channel}-worker`;

/** Key of work for one recipient: what is ordered together shares it. */
export const recipientKey = (tenant: string, user: string): string => `${tenant}/${user}`;
