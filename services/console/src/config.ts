import { boolean, defineConfig, defineOptions, list } from '@belfry/runtime';

export const consoleOptions = defineOptions({
  BELFRY_CONSOLE: {
    type: boolean(),
    default: true,
    description: 'Serve the console. Whoever can open it can send and redrive: it is for the machine it runs on.',
    group: 'Console',
  },
  BELFRY_CONSOLE_ORIGINS: {
    type: list(),
    default: [],
    description:
      'Origins under which the console may be opened besides localhost, such as https://console.example. Put a login in front of them.',
    group: 'Console',
  },
});

export const CONFIG = defineConfig({
  program: 'console',
  summary: 'The page to try, watch and redrive notifications.',
  options: consoleOptions,
});
