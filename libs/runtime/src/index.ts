export { groupOptions } from './config/config-help.ts';
export {
  type ConfigOption,
  type ConfigOptions,
  type ConfigProblem,
  type ConfigTable,
  type ConfigValues,
  defineConfig,
  defineOptions,
} from './config/config-table.ts';
export {
  boolean,
  bytes,
  type ConfigType,
  durationMs,
  integer,
  list,
  oneOf,
  path,
  port,
  retrySchedule,
  string,
  url,
} from './config/config-type.ts';
export { loadConfig } from './config/load-config.ts';
export { origins } from './config/origins-type.ts';
export { type ConfigResult, readConfig } from './config/read-config.ts';
export { type AckTokens, createAckTokens, isAckToken } from './http/ack-token.ts';
export {
  type Authentication,
  type AuthenticationOptions,
  createAuthentication,
  type Identified,
  type Principal,
  principalOf,
} from './http/authentication.ts';
export { apiKeyId, apiKeyProblem, bearerCredential, createApiKey, hashSecret } from './http/credential.ts';
export { UNAVAILABLE_ERRORS } from './http/error-answer.ts';
export type { HttpApp } from './http/http-app.ts';
export { createHttpHost, type HttpHost, type HttpHostOptions, LOOPBACK_HOSTS } from './http/http-host.ts';
export { addIdempotency } from './http/idempotency.ts';
export { isProblemError, ProblemError, type ProblemOptions, problemDocument, unauthenticated } from './http/problem.ts';
export type { TokenKeys } from './http/token-keys.ts';
export { createTokenVerifier, type TokenOptions, type TokenVerifier } from './http/token-verifier.ts';
export { createUserSeal } from './http/user-seal.ts';
export { createProcessEdge, type ProcessEdge } from './lifecycle/process-edge.ts';
export { runServices } from './lifecycle/run-services.ts';
export { type RunningServices, startServices } from './lifecycle/start-services.ts';
export { createLogger, LOG_LEVELS, type Logger, type LogLevel } from './logger.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { createSystemClock } from './system-clock.ts';
export { createSystemRandom } from './system-random.ts';
