import { UnavailableError } from '@belfry/core/unavailable-error';

/**
 * Adds `close` to asynchronous methods: calls made before it are answered first, calls after it reject. `end` runs once, when nothing is
 * under way any more.
 */
export function closable<Methods extends { readonly [name: string]: (...args: never[]) => Promise<unknown> }>(
  methods: Methods,
  end: () => Promise<void>,
): Methods & { close(): Promise<void> } {
  const running = new Set<Promise<unknown>>();
  let closed: Promise<void> | undefined;
  const wrapped = Object.entries(methods).map(([name, method]) => [
    name,
    (...args: never[]) => {
      if (closed !== undefined) {
        return Promise.reject(new UnavailableError('store-unavailable', 'the store is closed'));
      }
      const call = method(...args).finally(() => running.delete(call));
      running.add(call);
      return call;
    },
  ]);
  return {
    ...(Object.fromEntries(wrapped) as Methods),
    close: () => (closed ??= Promise.allSettled(running).then(end)),
  };
}
