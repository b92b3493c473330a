import type { ScriptAction } from './script.ts';

/** Shares of requests, each in [0, 1], together at most 1. */
export type FaultPlan = {
  /** Answered 503 or 429, half each. */
  readonly failRate?: number;
  /** The connection is reset without an answer; the message was accepted in half of the cases. */
  readonly unknownRate?: number;
  /** Answered 410, and so is every later request to that target. */
  readonly goneRate?: number;
  /** The same seed and order of requests give the same faults. Default 1. */
  readonly seed?: number;
};

/** Draws an action per request; a target that is gone stays gone. */
export function createFaults(plan: FaultPlan): { next(target: string): ScriptAction } {
  const draw = createSeededDraw(plan.seed ?? 1);
  const goneTargets = new Set<string>();
  const goneBelow = plan.goneRate ?? 0;
  const unknownBelow = goneBelow + (plan.unknownRate ?? 0);
  const failBelow = unknownBelow + (plan.failRate ?? 0);
  const gone: ScriptAction = { kind: 'status', status: 410 };

  return {
    next(target) {
      if (goneTargets.has(target)) return gone;
      const share = draw();
      if (share < goneBelow) {
        goneTargets.add(target);
        return gone;
      }
      if (share < unknownBelow) return { kind: draw() < 0.5 ? 'reset-before' : 'reset-after' };
      if (share < failBelow) return { kind: 'status', status: draw() < 0.5 ? 503 : 429 };
      return { kind: 'accept' };
    },
  };
}

/** Numbers in [0, 1) from a seed: a Weyl sequence of 32 bits, mixed by MurmurHash3's finalizer. */
function createSeededDraw(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 0x1_0000_0000;
  };
}
