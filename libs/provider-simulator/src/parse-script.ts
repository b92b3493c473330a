import type { FaultPlan } from './faults.ts';
import type { ScriptAction, ScriptStep } from './script.ts';

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  /** `field` is a JSON pointer into the input, `detail` names the limit that was broken. */
  | { readonly ok: false; readonly field: string; readonly detail: string };

/** The longest `slow`; a script beyond it is a mistake of units. */
const MAX_DELAY_MS = 600_000;
const MAX_TIMES = 1_000_000;
const PLAIN_KINDS = ['accept', 'hang', 'reset-before', 'reset-after', 'half-close'] as const;

/** Script steps from JSON, as the control API takes them. */
export function parseSteps(input: unknown, field = '/steps'): Parsed<readonly ScriptStep[]> {
  if (!Array.isArray(input)) return bad(field, 'must be an array of steps');
  const steps: ScriptStep[] = [];
  for (const [index, entry] of input.entries()) {
    const action = parseAction(entry, `${field}/${index}`);
    if (!action.ok) return action;
    const times: unknown = isRecord(entry) ? entry.times : undefined;
    if (times !== undefined && !isBetween(times, 1, MAX_TIMES)) {
      return bad(`${field}/${index}/times`, `must be a whole number from 1 to ${MAX_TIMES}`);
    }
    steps.push(times === undefined ? action.value : { ...action.value, times });
  }
  return { ok: true, value: steps };
}

export function parseAction(input: unknown, field: string): Parsed<ScriptAction> {
  if (!isRecord(input)) return bad(field, 'must be an object with a kind');
  const plain = PLAIN_KINDS.find((kind) => kind === input.kind);
  if (plain) return { ok: true, value: { kind: plain } };
  if (input.kind === 'status') return parseStatus(input, field);
  if (input.kind === 'slow') return parseSlow(input, field);
  if (input.kind === 'goaway') {
    const accepted = input.accepted;
    if (typeof accepted !== 'boolean') return bad(`${field}/accepted`, 'must be true or false');
    return { ok: true, value: { kind: 'goaway', accepted } };
  }
  return bad(`${field}/kind`, `must be one of ${[...PLAIN_KINDS, 'status', 'slow', 'goaway'].join(', ')}`);
}

/** Shares of random faults; null turns them off. */
export function parseFaults(input: unknown): Parsed<FaultPlan | undefined> {
  if (input === null) return { ok: true, value: undefined };
  if (!isRecord(input)) return bad('', 'must be null or an object of shares');
  const plan: Record<string, number> = {};
  let sum = 0;
  for (const name of ['failRate', 'unknownRate', 'goneRate'] as const) {
    const share = input[name];
    if (share === undefined) continue;
    if (typeof share !== 'number' || !(share >= 0 && share <= 1))
      return bad(`/${name}`, 'must be a number from 0 to 1');
    plan[name] = share;
    sum += share;
  }
  if (sum > 1) return bad('', 'the shares must not exceed 1 together');
  if (input.seed !== undefined) {
    if (!isBetween(input.seed, 0, 0xffff_ffff)) return bad('/seed', 'must be a whole number from 0 to 4294967295');
    plan.seed = input.seed;
  }
  return { ok: true, value: plan };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseStatus(input: Readonly<Record<string, unknown>>, field: string): Parsed<ScriptAction> {
  const { status, headers, body, retryAfter } = input;
  if (!isBetween(status, 200, 599)) return bad(`${field}/status`, 'must be a whole number from 200 to 599');
  if (retryAfter !== undefined && typeof retryAfter !== 'string' && !isBetween(retryAfter, 0, 31_536_000)) {
    return bad(`${field}/retryAfter`, 'must be seconds from 0 to 31536000, or an HTTP date');
  }
  if (headers !== undefined && !isHeaders(headers)) return bad(`${field}/headers`, 'must be an object of strings');
  return {
    ok: true,
    value: {
      kind: 'status',
      status,
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
    },
  };
}

function parseSlow(input: Readonly<Record<string, unknown>>, field: string): Parsed<ScriptAction> {
  if (!isBetween(input.delayMs, 0, MAX_DELAY_MS)) {
    return bad(`${field}/delayMs`, `must be a whole number from 0 to ${MAX_DELAY_MS}`);
  }
  const next = parseAction(input.next, `${field}/next`);
  return next.ok ? { ok: true, value: { kind: 'slow', delayMs: input.delayMs, next: next.value } } : next;
}

function isHeaders(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((entry) => typeof entry === 'string');
}

function isBetween(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function bad(field: string, detail: string): { readonly ok: false; readonly field: string; readonly detail: string } {
  return { ok: false, field, detail };
}
