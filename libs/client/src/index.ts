export { BelfryApiError } from './api-request.ts';
export { type BelfryClient, createBelfryClient } from './belfry-client.ts';
export type { ClientClock } from './browser-clock.ts';
export type { BelfryClientOptions, ClientState, ReceivedNotification, TransportKind } from './client-options.ts';
export type { InboxEntry, InboxPage } from './inbox.ts';
export type { EnableWebPushOptions, WebPushResult } from './web-push.ts';
