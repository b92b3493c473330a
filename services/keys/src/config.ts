import { defineConfig, path } from '@belfry/runtime';

export const CONFIG = defineConfig({
  program: 'node services/keys/src/main.ts',
  summary:
    'Makes the keys that the services share and that are not there yet, and ends. Any number of them may run at once.',
  environment: 'shared',
  options: {
    BELFRY_KEYS: {
      type: path(),
      description:
        'Folder to make api-key, jwt-secret, cookie-secret and vapid-keys.json in, readable by the owner alone.',
      group: 'Credentials',
    },
  },
});
