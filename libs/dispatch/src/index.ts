export { type Accept, type AcceptInput, type AcceptResult, createAccept } from './accept.ts';
export { createBatcher } from './batcher.ts';
export { idempotencySeed } from './notification-id.ts';
export { createRealtimeState, type RealtimeState } from './realtime-state.ts';
export { createReceiptFeed, type ReceiptFacts, type ReceiptFeed } from './receipt-feed.ts';
