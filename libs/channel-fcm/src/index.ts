export {
  type AccessToken,
  type AccessTokens,
  type AccessTokensOptions,
  createAccessTokens,
  fixedAccessToken,
} from './access-tokens.ts';
export { createFcmChannel, type FcmChannel, type FcmChannelOptions } from './fcm-channel.ts';
export { OUTCOME_TABLE, type OutcomeRule, TRANSPORT_TABLE, type TransportRule } from './outcome-table.ts';
export type { TransportStats } from './transport.ts';
