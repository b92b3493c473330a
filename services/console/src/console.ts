import type { Clock } from '@belfry/core/clock';
import type { Log } from '@belfry/core/log';
import type { TenantId } from '@belfry/core/notification';
import type { Random } from '@belfry/core/random';
import type { Service } from '@belfry/core/service';
import type { HttpApp } from '@belfry/runtime';
import { type ApiClient, createApiClient } from './api-client.ts';
import { addForwardedRoutes } from './forwarded-routes.ts';
import { addPageRoutes } from './page-routes.ts';
import { createRequestGuard } from './request-guard.ts';
import { createSession } from './session.ts';
import { addSimulatedDeviceRoutes } from './simulated-device-routes.ts';
import { createSimulatedDevices, type SimulatorControl } from './simulated-devices.ts';
import { createTimeline } from './timeline.ts';

export type ConsoleDeps = {
  readonly http: HttpApp;
  /** Base URL of the public HTTP API; asked per request, because in one process it is known only once the host listens. */
  readonly apiUrl: () => string;
  /** With every scope. Never leaves this process. */
  readonly apiKey: string;
  /** Whose receipts are shown: the tenant of the API key. */
  readonly tenant: TenantId;
  /** Signs the cookie of the console's own session; any text that nobody can guess. */
  readonly sessionSecret: string;
  /** Origins under which the console may be opened besides this machine's own names. */
  readonly allowedOrigins: readonly string[];
  readonly log: Pick<Log, 'tail'>;
  readonly clock: Clock;
  readonly random: Random;
  /** Where there is one, simulated devices can be added. */
  readonly simulator?: SimulatorControl;
};

/**
 * The page and its backend: the browser holds a session cookie, this side holds the API key and passes on what the page is there to do. Adds its routes
 * at once; the service ends the live feeds.
 */
export function createConsole(deps: ConsoleDeps): Service[] {
  const { http, clock, tenant, log } = deps;
  const session = createSession(deps);
  const guard = createRequestGuard({ session, allowedOrigins: deps.allowedOrigins });
  const api: ApiClient = createApiClient(deps);
  const timeline = createTimeline({ log, clock, tenant });

  addPageRoutes(http, { session, guard });
  addForwardedRoutes(http, { api, guard });
  timeline.addRoute(http, guard);
  addSimulatedDeviceRoutes(http, {
    guard,
    devices:
      deps.simulator === undefined ? undefined : createSimulatedDevices({ simulator: deps.simulator, api, clock }),
  });
  return [timeline.service];
}
