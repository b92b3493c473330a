import { UnavailableError } from '@belfry/core/unavailable-error';

export type FaultPlan = {
  /** `before`: the call had no effect. `after`: it had, but the caller died, or never learnt of it. */
  readonly when: 'before' | 'after';
  /** How many calls are hit; default 1. */
  readonly times?: number;
  /** How many calls pass before those; default 0. */
  readonly skip?: number;
  /** Only calls whose first argument this is: a log topic, say. */
  readonly only?: string;
};

export type Faults = {
  /** The next calls of this method of the log or the store reject. */
  plan(method: string, plan: FaultPlan): void;
  /** Until the returned function is called, every call of every method rejects. */
  outage(methods: readonly string[]): () => void;
  /** Holds calls of a method back until the returned function is called. */
  hold(method: string): () => void;
  /** Everything works again. */
  clear(): void;
  pass(when: FaultPlan['when'], method: string, args: readonly unknown[]): Promise<void>;
};

/** What goes wrong between a use case and the log or store that it works on. */
export function createFaults(): Faults {
  const plans: { method: string; plan: FaultPlan; left: number; skip: number }[] = [];
  const down = new Set<string>();
  const held = new Map<string, Promise<void>>();
  const failure = (method: string) => {
    return new UnavailableError(method === 'append' ? 'log-unavailable' : 'store-unavailable', `${method} failed`);
  };

  return {
    plan: (method, plan) => void plans.push({ method, plan, left: plan.times ?? 1, skip: plan.skip ?? 0 }),
    outage(methods) {
      for (const method of methods) down.add(method);
      return () => down.clear();
    },
    hold(method) {
      let release = (): void => {};
      held.set(
        method,
        new Promise((resolve) => {
          release = () => {
            held.delete(method);
            resolve();
          };
        }),
      );
      return () => release();
    },
    clear() {
      plans.length = 0;
      down.clear();
    },
    async pass(when, method, args) {
      if (when === 'before') await held.get(method);
      if (when === 'before' && down.has(method)) throw failure(method);
      const hit = plans.find(
        ({ method: planned, plan, left }) =>
          planned === method && plan.when === when && left > 0 && (plan.only === undefined || plan.only === args[0]),
      );
      if (hit === undefined || hit.skip-- > 0) return;
      hit.left--;
      throw failure(method);
    },
  };
}

/** The same object with faults before and after each of its methods. */
export function withFaults<T extends object>(target: T, faults: Faults): T {
  return new Proxy(target, {
    get(object, name) {
      const member: unknown = Reflect.get(object, name);
      if (typeof member !== 'function' || typeof name !== 'string') return member;
      return async (...args: unknown[]) => {
        await faults.pass('before', name, args);
        const result: unknown = await Reflect.apply(member, object, args);
        await faults.pass('after', name, args);
        return result;
      };
    },
  });
}
