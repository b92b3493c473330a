import { afterEach, expect } from 'vitest';
import { startGateway, type TestGateway } from './gateway.fixture.ts';
import type { GatewayLimits } from './gateway-limits.ts';

/** Starts gateways that are stopped after each test, which fails when one of them met an unexpected error. Hooks of the file itself run before. */
export function useGateways(
  defaults: Partial<GatewayLimits> = {},
): (limits?: Partial<GatewayLimits>) => Promise<TestGateway> {
  const running: TestGateway[] = [];
  afterEach(async () => {
    for (const gateway of running.splice(0)) {
      await gateway.stop();
      expect(gateway.errors).toEqual([]);
    }
  });
  return async (limits = {}) => {
    const gateway = await startGateway({ ...defaults, ...limits });
    running.push(gateway);
    return gateway;
  };
}
