import { vapidSubjectWarning } from '@belfry/channel-webpush/settings';
import type { Service } from '@belfry/core/service';
import type { Standalone } from './standalone.ts';

export type GreetingOptions = {
  readonly standalone: Pick<Standalone, 'data' | 'url'>;
  /** Whom push services may contact. */
  readonly webPushSubject: string;
  readonly print: (text: string) => void;
};

/** Says where everything is, once it is there, and what is still missing for real browsers. Last in the list of services. */
export function createGreeting({ standalone, webPushSubject, print }: GreetingOptions): Service {
  return {
    name: 'greeting',
    start: async () => {
      const { data } = standalone;
      const url = standalone.url();
      const warning = vapidSubjectWarning(webPushSubject);
      const lines = [
        'Belfry is up.',
        `  console   ${url}`,
        `  API       ${url}/v1   documents ${url}/docs`,
        data.apiKeyFile === undefined ? '  API key   as configured' : `  API key   ${data.apiKeyFile}`,
        `  data      ${data.directory}`,
        ...(warning === undefined ? [] : [`  Web Push  set BELFRY_WEBPUSH_SUBJECT to your own address. ${warning}`]),
      ];
      print(`${lines.join('\n')}\n`);
    },
    stop: async () => {},
  };
}
