export { type Accept, type AcceptInput, type AcceptResult, createAccept } from './accept.ts';
export { createBatcher } from './batcher.ts';
export { createDeadLetterFeed, type DeadLetterFeed } from './dead-letter-feed.ts';
export { createDeliver, type DeliverObserver } from './deliver.ts';
export { type BreakerOptions, createHostBreaker, type HostBreaker } from './host-breaker.ts';
export { createRealtimeState, type RealtimeState } from './realtime-state.ts';
export { createReceiptFeed, type ReceiptFacts, type ReceiptFeed } from './receipt-feed.ts';
export { createReleaseTimers } from './release-timers.ts';
export { createRoute, type RouteDeps } from './route.ts';
