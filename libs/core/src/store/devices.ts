import type { DeviceId } from '../delivery.ts';
import type { Device, DeviceAddress } from '../device.ts';
import type { TenantId, UserId } from '../notification.ts';
import type { Preferences } from '../preferences.ts';
import type { RecipientKey } from './routing.ts';

export type DeviceRegistered =
  | { readonly kind: 'created'; readonly id: DeviceId }
  /** The same address again; version + 1, so that a late `gone` for the old one does not remove it. */
  | { readonly kind: 'refreshed'; readonly id: DeviceId }
  | { readonly kind: 'owned-by-another' }
  | { readonly kind: 'too-many'; readonly limit: number };

/** Devices of one user. */
export const MAX_DEVICES_PER_USER = 100;

export type DeviceStore = {
  /** Unique by tenant, channel and address (endpoint, token). Inserts the user where needed. */
  registerDevice(user: RecipientKey, newId: DeviceId, address: DeviceAddress): Promise<DeviceRegistered>;
  listDevices(user: RecipientKey): Promise<readonly Device[]>;
  removeDevice(user: RecipientKey, id: DeviceId): Promise<boolean>;
};

export type UserStore = {
  readPreferences(user: RecipientKey): Promise<Preferences>;
  writePreferences(user: RecipientKey, preferences: Preferences): Promise<void>;
  /** Adds users to a topic; returns how many were new. */
  subscribeTopic(tenant: TenantId, topic: string, users: readonly UserId[]): Promise<number>;
  unsubscribeTopic(tenant: TenantId, topic: string, user: UserId): Promise<boolean>;
  listSubscribers(
    tenant: TenantId,
    topic: string,
    after: UserId | undefined,
    limit: number,
  ): Promise<readonly UserId[]>;
};
