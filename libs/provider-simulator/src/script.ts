import { createFaults, type FaultPlan } from './faults.ts';

/** What the provider does to one request that is otherwise in order. */
export type ScriptAction =
  | { readonly kind: 'accept' }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** Instead of the provider's usual body for this status; not a string: sent as JSON. */
      readonly body?: unknown;
      /** Value of Retry-After: seconds, or an HTTP date. */
      readonly retryAfter?: number | string;
    }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** The connection is reset before the message is acted on. */
  | { readonly kind: 'reset-before' }
  /** The message is accepted, then the connection is reset without an answer. */
  | { readonly kind: 'reset-after' }
  | { readonly kind: 'slow'; readonly delayMs: number; readonly next: ScriptAction }
  /** HTTP/2 GOAWAY, after an answer (`accepted`) or saying that the request was not processed. */
  | { readonly kind: 'goaway'; readonly accepted: boolean }
  /** The provider ends its side of the connection without an answer. */
  | { readonly kind: 'half-close' };

/** An action for the next `times` requests; 1 when omitted. */
export type ScriptStep = ScriptAction & { readonly times?: number };

/** Every target without a script of its own. */
export const EVERY_TARGET = '*';

export type ScriptBook = {
  /**
   * Replaces the script of `target`, or of all that have none (`*`). Steps are used up in order, one per request; then `afterwards` holds
   * for ever, and without one the faults, if any are planned, and otherwise `accept`.
   */
  set(target: string, steps: readonly ScriptStep[], afterwards?: ScriptAction): void;
  /** Random faults for requests that no script speaks of. */
  setFaults(plan: FaultPlan | undefined): void;
  /** The action for the next request to `target`, which uses it up. */
  next(target: string): ScriptAction;
  /** Steps left for `target`, each counted `times`. */
  remaining(target: string): number;
};

type Page = { readonly steps: { readonly action: ScriptAction; left: number }[]; readonly afterwards?: ScriptAction };

const ACCEPT: ScriptAction = { kind: 'accept' };

export function createScriptBook(): ScriptBook {
  const pages = new Map<string, Page>();
  let faults: ReturnType<typeof createFaults> | undefined;

  function take(target: string): ScriptAction | undefined {
    const page = pages.get(target);
    const step = page?.steps[0];
    if (!step) return page?.afterwards;
    step.left -= 1;
    if (step.left === 0) page.steps.shift();
    return step.action;
  }

  return {
    set(target, steps, afterwards) {
      pages.set(target, {
        steps: steps
          .map(({ times = 1, ...action }) => ({ action: action as ScriptAction, left: times }))
          .filter((step) => step.left > 0),
        ...(afterwards ? { afterwards } : {}),
      });
    },
    setFaults(plan) {
      faults = plan && createFaults(plan);
    },
    next: (target) => take(target) ?? take(EVERY_TARGET) ?? faults?.next(target) ?? ACCEPT,
    remaining: (target) => pages.get(target)?.steps.reduce((sum, step) => sum + step.left, 0) ?? 0,
  };
}
