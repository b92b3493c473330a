export { producerApiOptions } from './config.ts';
export { createProducerApi, type ProducerApiDeps } from './producer-api.ts';
export type { WebPushKey } from './routes/webpush-key.ts';
