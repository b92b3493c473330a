import type { Clock } from '@belfry/core/clock';
import type { Admit } from './admission.ts';
import type { Authenticator } from './authenticate.ts';
import type { ConnectionSet } from './connection-set.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { TurnFlush } from './turn-flush.ts';

/** What both ways to connect share. */
export type EndpointDeps = {
  readonly limits: GatewayLimits;
  readonly allowedOrigins: readonly string[];
  readonly authenticator: Authenticator;
  readonly admit: Admit;
  readonly connections: ConnectionSet;
  readonly clock: Clock;
  readonly turn: TurnFlush;
  readonly isDraining: () => boolean;
  readonly onError: (error: unknown) => void;
};
