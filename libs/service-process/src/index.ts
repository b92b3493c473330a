export { API_KEY_TENANT, apiKeyEntryProblem, configuredApiKeys, newApiKey } from './api-keys.ts';
export { credential, vapidKeys } from './credentials.ts';
export { type LogTopicsOptions, logTopics } from './log-topics.ts';
export type { BackendName, Backends } from './open-backends.ts';
export { backplaneOptions } from './options/backplane-options.ts';
export { checkShared } from './options/check-shared.ts';
export {
  apiKeyOptions,
  apiKeysOptions,
  cookieSecretOptions,
  keysOptions,
  simulatorOptions,
  vapidOptions,
  webpushAddressOptions,
} from './options/credential-options.ts';
export { kafkaOptions } from './options/kafka-options.ts';
export { postgresOptions } from './options/postgres-options.ts';
export { listenOptions, processOptions, publicHttpOptions } from './options/process-options.ts';
export { readSecret } from './options/secret-option.ts';
export { JWT_SECRET_BYTES_MIN, userTokenOptions, userTokenProblems } from './options/user-token-options.ts';
export { createFcm, createWebPush, type FcmOptions, type WebPushOptions } from './push-channels.ts';
export { runServiceProcess, type ServiceContext, type ServiceProgram } from './run-service-process.ts';
export { KEY_FILES, type KeyName, makeKeys, readKey, readVapidKeys } from './shared-keys.ts';
export { createUserTokenVerifier, hasUserTokenKeys, type UserTokenOptions } from './user-tokens.ts';
