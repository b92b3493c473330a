import { enableCompileCache } from 'node:module';
import type { FixtureMethods } from './thread-server.fixture.ts';

// Arguments: folder of the compile cache, file of the database. Prints where a thread of this process has its cache.
const [cache = '', path = ''] = process.argv.slice(2);
enableCompileCache(cache);
const { prepareThread } = await import('./prepare-thread.ts');
const { createThreadClient } = await import('./thread-client.ts');
const client = await createThreadClient<FixtureMethods>({
  thread: prepareThread(new URL('./thread-server.fixture.ts', import.meta.url), 'numbers'),
  data: { path },
  onDeath: (error) => {
    throw error;
  },
});
process.stdout.write(String(await client.call('compileCache', [])));
await client.close();
