import type { RecipientKey } from '@belfry/core/store/routing';
import type { StreamPage, UserStreamStore } from '@belfry/core/store/user-stream';
import { formatCursor, parseCursor } from '@belfry/protocol/cursor';
import type { GatewayLimits } from './gateway-limits.ts';
import type { StreamEpoch } from './stream-epoch.ts';
import type { HubLease, UserHubs } from './user-hubs.ts';

/** Whom a connection belongs to, from a verified token or ticket. */
export type LivePrincipal = RecipientKey & { readonly expiresAtMs: number };

/** All that a connection needs to begin. Whoever holds it must begin a connection or release the lease. */
export type Admission = {
  readonly principal: LivePrincipal;
  readonly lease: HubLease;
  /** What `hello` says. */
  readonly cursor: string;
  readonly recovered: boolean;
  /** The offset that the cursor stands for. */
  readonly offset: number;
  /** The first page after it, read already to know whether history reaches back. */
  readonly page: StreamPage | undefined;
};

export type AdmissionResult =
  | { readonly ok: true; readonly admission: Admission }
  | { readonly ok: false; readonly reason: 'too-many-connections'; readonly limit: number };

export type Admit = (principal: LivePrincipal, cursorText: string | undefined) => Promise<AdmissionResult>;

export type AdmitOptions = {
  readonly hubs: UserHubs;
  readonly epoch: StreamEpoch;
  readonly store: Pick<UserStreamStore, 'readStream'>;
  readonly limits: GatewayLimits;
};

/** Decides where a connection starts in its user's stream. Rejects with `UnavailableError` while the store is down: nothing could be promised. */
export function createAdmit(options: AdmitOptions): Admit {
  const { hubs, epoch, store, limits } = options;
  return async (principal, cursorText) => {
    if (hubs.total() >= limits.connections) {
      return { ok: false, reason: 'too-many-connections', limit: limits.connections };
    }
    const user: RecipientKey = { tenant: principal.tenant, user: principal.user };
    if (hubs.leases(user) >= limits.connectionsPerUser) {
      return { ok: false, reason: 'too-many-connections', limit: limits.connectionsPerUser };
    }
    const lease = await hubs.acquire(user);
    try {
      const currentEpoch = await epoch.get();
      const at = (offset: number) => formatCursor({ epoch: currentEpoch, offset });
      const fromHead = (recovered: boolean): AdmissionResult => {
        const offset = lease.hub.tip();
        return { ok: true, admission: { principal, lease, recovered, offset, cursor: at(offset), page: undefined } };
      };
      // An empty one counts as absent: pages write `cursor: storage.cursor ?? ''`.
      if (!cursorText) return fromHead(true);
      const asked = parseCursor(cursorText);
      if (asked === undefined || asked.epoch !== currentEpoch) return fromHead(false);
      const { offset } = asked;
      const page = await store.readStream(user, offset, limits.replayPage);
      // A cursor beyond the head is not from this history; below `oldest - 1`, something between has been removed.
      if (offset > page.head || offset < page.oldest - 1) return fromHead(false);
      return { ok: true, admission: { principal, lease, recovered: true, offset, cursor: at(offset), page } };
    } catch (error) {
      lease.release();
      throw error;
    }
  };
}
