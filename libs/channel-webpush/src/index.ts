export type { Resolve } from './endpoint-guard.ts';
export type { PushPayload } from './payload.ts';
export {
  generateVapidKey,
  parseVapidKey,
  type VapidKey,
  type VapidKeyParsing,
} from './vapid-keys.ts';
export { createWebPushChannel, type WebPushChannelOptions } from './webpush-channel.ts';
