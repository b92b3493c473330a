import type { Service } from '@belfry/core/service';
import type { Standalone } from './standalone.ts';

/** Says where everything is, once it is there. Last in the list of services. */
export function createGreeting(standalone: Standalone, print: (text: string) => void): Service {
  return {
    name: 'greeting',
    start: async () => {
      const { data } = standalone;
      const url = standalone.url();
      const lines = [
        'Belfry is up.',
        `  console   ${url}`,
        `  API       ${url}/v1   documents ${url}/docs`,
        data.apiKeyFile === undefined ? '  API key   as configured' : `  API key   ${data.apiKeyFile}`,
        `  data      ${data.directory}`,
      ];
      print(`${lines.join('\n')}\n`);
    },
    stop: async () => {},
  };
}
