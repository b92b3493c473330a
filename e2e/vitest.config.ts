import { defineConfig } from 'vitest/config';

const usesCompose = process.env.BELFRY_STACK === 'compose';

// biome-ignore lint/style/noDefaultExport: vitest looks for nothing else
export default defineConfig({
  test: {
    // Generous: on a busy machine a slow test is not a wrong one. A stack of containers takes its time to begin and to end.
    testTimeout: 30_000,
    hookTimeout: usesCompose ? 300_000 : 60_000,
    ...(usesCompose ? { globalSetup: ['harness/build-images.ts'] } : {}),
  },
});
