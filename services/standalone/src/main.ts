import { enableCompileCache } from 'node:module';

// Stripping the types of every module anew is half of the time to ready. The cache has to be on before the first of them is loaded.
enableCompileCache();
const { prepareStoreThread } = await import('@belfry/store/store-thread');
const storeThread = prepareStoreThread();
const { start } = await import('./start.ts');
await start(process, storeThread);
