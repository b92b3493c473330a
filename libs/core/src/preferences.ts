import type { Channel } from './notification.ts';

/**
 * What a user wants not to get. A channel is used unless it is switched off for everything or for the notification's type.
 * High-priority notifications ignore preferences: they are the ones nobody may miss.
 */
export type Preferences = {
  readonly channels: Readonly<Partial<Record<Channel, boolean>>>;
  readonly types: Readonly<Record<string, Readonly<Partial<Record<Channel, boolean>>>>>;
};

export const NO_PREFERENCES: Preferences = { channels: {}, types: {} };
