import type { TenantId, UserId } from '../notification.ts';

export const SCOPES = [
  'notifications:write',
  'notifications:read',
  'users:write',
  'users:read',
  'dead-letters',
  'admin',
] as const;
export type Scope = (typeof SCOPES)[number];

export type ApiKey = {
  readonly id: string;
  readonly tenant: TenantId;
  /** SHA-256 of the whole key, hex. The key itself is never stored. */
  readonly secretHash: string;
  readonly scopes: readonly Scope[];
  readonly expiresAtMs: number | undefined;
};

/** A connection ticket: the right to open one live connection as one user. Stored by its hash. */
export type Ticket = { readonly tenant: TenantId; readonly user: UserId; readonly expiresAtMs: number };

export type CredentialStore = {
  findApiKey(id: string): Promise<ApiKey | undefined>;
  /**
   * These keys and no others are good from now on: all of them come from the configuration, and who starts last has the newest. One that is no longer among them is gone, and
   * another one under the same id takes its place.
   */
  setApiKeys(keys: readonly ApiKey[]): Promise<void>;
  createTicket(ticketHash: string, ticket: Ticket): Promise<void>;
  /** Consumes it (`DELETE … RETURNING`): a second call gets undefined, as does one after it expired. */
  consumeTicket(ticketHash: string): Promise<Ticket | undefined>;
};

/** A ticket is good for this long. */
export const TICKET_TTL_MS = 30_000;
