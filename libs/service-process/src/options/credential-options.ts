import { defineOptions, list, path, string, url } from '@belfry/runtime';
import { secretOptions } from './secret-option.ts';

const GROUP = 'Credentials';

/** Where the secrets are that services share, so that none of them has to be configured one by one. */
export const keysOptions = defineOptions({
  BELFRY_KEYS: {
    type: path(),
    optional: true,
    description:
      'Folder with what services share (api-key, jwt-secret, cookie-secret, vapid-keys.json), made by services/keys. A variable of its own wins over the file.',
    group: GROUP,
  },
});

export const apiKeyOptions = secretOptions('BELFRY_API_KEY', {
  description: 'An API key with every scope, for the tenant "default". Stored as a hash.',
  group: GROUP,
});

export const apiKeysOptions = defineOptions({
  BELFRY_API_KEYS: {
    type: path(),
    optional: true,
    description:
      'JSON file with further API keys, each with a tenant, scopes and perhaps an end (docs/operations.md). Read at the start: a key that is no longer in it stops working then.',
    group: GROUP,
  },
});

export const cookieSecretOptions = secretOptions('BELFRY_COOKIE_SECRET', {
  description:
    'Signs the cookies with which an EventSource reconnects, the tokens with which it acknowledges, and the cookies of the console. The same on all processes behind one address.',
  group: GROUP,
});

export const vapidOptions = defineOptions({
  BELFRY_VAPID_KEYS: {
    type: path(),
    optional: true,
    description: 'File with the VAPID keys, in place of the one among the shared or made keys.',
    group: 'Web Push',
  },
});

/** Which endpoints may be sent to: asked where subscriptions are saved, and where they are sent to. */
export const webpushAddressOptions = defineOptions({
  BELFRY_WEBPUSH_ALLOWED_HOSTS: {
    type: list(),
    default: [],
    description:
      'Hosts (host:port) that endpoints may have besides the public push services; exempt from the public-address rule. For tests and private push services.',
    group: 'Web Push',
  },
  BELFRY_WEBPUSH_SUBJECT: {
    type: string(),
    default: 'mailto:operator@belfry.invalid',
    description:
      'Whom a push service may contact about this sender: a mailto: or https: URL of yours (RFC 8292 §2.1). Some services refuse an address that is nobody’s, as the default is.',
    group: 'Web Push',
  },
});

export const simulatorOptions = defineOptions({
  BELFRY_SIMULATOR_URL: {
    type: url(),
    optional: true,
    description:
      'The provider simulator, such as https://127.0.0.1:8443. Devices made there are sent to it and to nobody else; real ones never go there.',
    group: 'Simulator',
  },
});
