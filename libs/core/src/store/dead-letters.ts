import type { DeliveryId, DeviceId } from '../delivery.ts';
import type { NotificationId, Origin, PushChannel, TenantId, UserId } from '../notification.ts';
import type { Attempt } from '../outcome.ts';

export type DeadLetterState = 'open' | 'redriving' | 'redriven';

export type DeadLetter = {
  readonly id: string;
  readonly tenant: TenantId;
  readonly deliveryId: DeliveryId;
  readonly notificationId: NotificationId;
  readonly recipient: UserId;
  readonly channel: PushChannel;
  readonly device: DeviceId;
  readonly reason: string;
  /** Same cause, same fingerprint: channel, outcome, code and reason, hashed. */
  readonly fingerprint: string;
  readonly state: DeadLetterState;
  /** How often the delivery had been redriven when it died. */
  readonly redrive: number;
  readonly createdAtMs: number;
  /** Which way the notification came in; undefined where that was not kept. */
  readonly origin: Origin | undefined;
  readonly attempts: readonly (Attempt & { readonly redrive: number })[];
};

export type DeadLetterFilter = {
  readonly channel?: PushChannel;
  readonly fingerprint?: string;
  readonly recipient?: UserId;
  readonly notificationId?: NotificationId;
  readonly state?: DeadLetterState;
};

export type DeadLetterGroup = {
  readonly fingerprint: string;
  readonly channel: PushChannel;
  readonly reason: string;
  readonly count: number;
  readonly newestAtMs: number;
};

export type RedriveRequest = {
  readonly tenant: TenantId;
  readonly selection:
    | { readonly kind: 'ids'; readonly ids: readonly string[] }
    | { readonly kind: 'filter'; readonly filter: DeadLetterFilter };
  readonly dryRun: boolean;
  /** Deliveries released per second through timers; 1–10,000. */
  readonly ratePerSecond: number;
  readonly taskId: string;
  /** The API key that asked, for the audit row. */
  readonly requestedBy: string;
};

export type RedriveResult = {
  readonly taskId: string;
  readonly matched: number;
  /** By reason: `expired`, `cancelled`, `acknowledged`, `device-removed`, `redriven-too-often`, `not-open`. */
  readonly skipped: Readonly<Record<string, number>>;
  /** 0 for a dry run, which would redrive `matched` without those that are skipped. */
  readonly redriven: number;
};

/** A record of an input topic that could not be read as a job. Kept for administrators; it has no tenant of its own to trust. */
export type UnreadableJob = {
  readonly id: string;
  readonly tenant: TenantId;
  readonly logTopic: string;
  readonly partition: number;
  readonly offset: string;
  readonly reason: string;
  /** At most 64 KiB of the record's bytes. */
  readonly raw: Uint8Array;
  readonly sha256: string;
};

/** A delivery is redriven at most this often. */
export const MAX_REDRIVES = 3;
/** One redrive call takes at most this many letters; call again for the rest. */
export const MAX_REDRIVE_BATCH = 10_000;

export type DeadLetterStore = {
  /** Newest first; `before` is the id of the last letter of the previous page. */
  listDeadLetters(
    tenant: TenantId,
    filter: DeadLetterFilter,
    before: string | undefined,
    limit: number,
  ): Promise<{ readonly items: readonly DeadLetter[]; readonly next: string | undefined }>;
  groupDeadLetters(tenant: TenantId): Promise<readonly DeadLetterGroup[]>;
  /**
   * Claims open letters by compare-and-set (`open` → `redriving`), reopens their deliveries (redrive + 1, attempt 1, state `retrying`) and writes timers that release them at the asked
   * rate, with an audit row, in one transaction. A letter becomes `redriven` when its delivery ends, and a new letter is opened when it died again.
   * A filter without a state means open letters; a `taskId` that was used before gives the first answer again.
   */
  redrive(request: RedriveRequest): Promise<RedriveResult>;
  putUnreadableJobs(jobs: readonly UnreadableJob[]): Promise<void>;
  listUnreadableJobs(before: string | undefined, limit: number): Promise<readonly UnreadableJob[]>;
};
