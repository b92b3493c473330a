import type { TenantId } from '@belfry/core/notification';
import {
  IDEMPOTENCY_KEY_TTL_MS,
  type IdempotencyClaim,
  type IdempotencyClaimed,
  type StoredResponse,
} from '@belfry/core/store/idempotency';
import { ChangedMeanwhileError } from '../changed-meanwhile-error.ts';
import { createInsert } from '../insert-statement.ts';
import { createRowLock, inOrder } from '../lock-rows.ts';
import type { QueryContext } from '../query-context.ts';
import { createStatement } from '../statement.ts';

/** A claim that has been running for longer belongs to a dead process. */
const CLAIM_TAKE_OVER_MS = 10_000;
const USUAL_RUN_MS = 1_000;

const NEW_CLAIM = {
  tenant: 'text',
  key: 'text',
  body_hash: 'text',
  seed: 'text',
  claimed_at_ms: 'integer',
  created_at_ms: 'integer',
} as const;
const KEY = { tenant: 'text', key: 'text' } as const;
const COMPLETION = { tenant: 'text', key: 'text', status: 'integer', body: 'text' } as const;

const insertClaims = createInsert('idempotency_keys', NEW_CLAIM, (insert) =>
  insert.onConflict((conflict) => conflict.doNothing()).returning(['tenant', 'key']),
);

const replaceClaims = createInsert('idempotency_keys', NEW_CLAIM, (insert) =>
  insert.onConflict((conflict) =>
    conflict.columns(['tenant', 'key']).doUpdateSet((set) => ({
      body_hash: set.ref('excluded.body_hash'),
      seed: set.ref('excluded.seed'),
      claimed_at_ms: set.ref('excluded.claimed_at_ms'),
      created_at_ms: set.ref('excluded.created_at_ms'),
      response_status: null,
      response_body: null,
    })),
  ),
);

const lockKeys = createRowLock('idempotency_keys', KEY);

const readAndLock = createStatement({ input: KEY }, ({ db, dialect }, { input }) =>
  db
    .selectFrom(input)
    .innerJoin('idempotency_keys as k', (join) =>
      join.onRef('k.tenant', '=', 'input.tenant').onRef('k.key', '=', 'input.key'),
    )
    .selectAll('k')
    .$if(dialect.locksRows, (query) => query.orderBy('k.tenant').orderBy('k.key').forNoKeyUpdate('k')),
);

const complete = createStatement({ input: COMPLETION }, ({ db }, { input }) =>
  db
    .updateTable('idempotency_keys')
    .from(input)
    .set((set) => ({ response_status: set.ref('input.status'), response_body: set.ref('input.body') }))
    .whereRef('idempotency_keys.tenant', '=', 'input.tenant')
    .whereRef('idempotency_keys.key', '=', 'input.key')
    // A process that was taken over must not replace the answer that its successor gave.
    .where('response_status', 'is', null),
);

type KeyRow = {
  readonly tenant: string;
  readonly key: string;
  readonly body_hash: string;
  readonly seed: string;
  readonly claimed_at_ms: number;
  readonly created_at_ms: number;
  readonly response_status: number | null;
  readonly response_body: string | null;
};

/** The port's `claimIdempotencyKey` for many callers at once, as if they had called one after the other. */
export async function claimIdempotencyKeys(
  context: QueryContext,
  claims: readonly IdempotencyClaim[],
): Promise<readonly IdempotencyClaimed[]> {
  const firsts = new Map<string, IdempotencyClaim>();
  for (const claim of claims) if (!firsts.has(nameOf(claim))) firsts.set(nameOf(claim), claim);
  const newRows = [...firsts.values()].map((claim) => newRow(claim, context.nowMs));
  const inserted = await insertClaims(context, { input: inOrder(newRows, 'tenant', 'key') });
  const fresh = new Set(inserted.map(nameOf));
  const rows = new Map<string, KeyRow>();
  if (fresh.size < claims.length) {
    for (const row of await readAndLock(context, { input: [...firsts.values()] })) rows.set(nameOf(row), row);
  }
  const changed = new Map<string, KeyRow>();
  const answers = claims.map((claim): IdempotencyClaimed => {
    const name = nameOf(claim);
    if (fresh.delete(name)) return { kind: 'claimed', seed: claim.seed, takenOver: false };
    const row = changed.get(name) ?? rows.get(name);
    if (row === undefined) throw new ChangedMeanwhileError(`idempotency key ${claim.key}`);
    const { answer, next } = decideClaim(row, claim, context.nowMs);
    if (next !== undefined) changed.set(name, next);
    return answer;
  });
  if (changed.size > 0) await replaceClaims(context, { input: [...changed.values()] });
  return answers;
}

/** What a claim of a key that is there comes to, and the row it leaves where it changes it. */
function decideClaim(
  row: KeyRow,
  claim: IdempotencyClaim,
  nowMs: number,
): { readonly answer: IdempotencyClaimed; readonly next?: KeyRow } {
  if (nowMs - row.created_at_ms >= IDEMPOTENCY_KEY_TTL_MS) {
    const next = { ...newRow(claim, nowMs), response_status: null, response_body: null };
    return { answer: { kind: 'claimed', seed: claim.seed, takenOver: false }, next };
  }
  if (row.body_hash !== claim.bodyHash) return { answer: { kind: 'mismatch' } };
  if (row.response_status !== null) {
    return { answer: { kind: 'replay', response: { status: row.response_status, body: row.response_body ?? '' } } };
  }
  const ageMs = nowMs - row.claimed_at_ms;
  if (ageMs > CLAIM_TAKE_OVER_MS) {
    return { answer: { kind: 'claimed', seed: row.seed, takenOver: true }, next: { ...row, claimed_at_ms: nowMs } };
  }
  const retryAfterMs = Math.min(USUAL_RUN_MS, CLAIM_TAKE_OVER_MS - ageMs + 1);
  return { answer: { kind: 'running', retryAfterMs } };
}

function newRow(claim: IdempotencyClaim, nowMs: number) {
  return {
    tenant: claim.tenant,
    key: claim.key,
    body_hash: claim.bodyHash,
    seed: claim.seed,
    claimed_at_ms: nowMs,
    created_at_ms: nowMs,
  };
}

function nameOf({ tenant, key }: { readonly tenant: TenantId; readonly key: string }): string {
  return `${tenant}\u0000${key}`;
}

export async function completeIdempotencyKeys(
  context: QueryContext,
  completions: readonly { readonly tenant: TenantId; readonly key: string; readonly response: StoredResponse }[],
): Promise<void> {
  const rows = completions.map(({ tenant, key, response }) => ({ tenant, key, ...response }));
  await context.finish([lockKeys(context, rows), complete(context, { input: rows })]);
}

export async function releaseIdempotencyKey({ db }: QueryContext, tenant: TenantId, key: string): Promise<void> {
  await db
    .deleteFrom('idempotency_keys')
    .where('tenant', '=', tenant)
    .where('key', '=', key)
    .where('response_status', 'is', null)
    .execute();
}
