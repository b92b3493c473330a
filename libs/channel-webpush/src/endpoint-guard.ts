import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from './public-address.ts';
import { allowedHostProblem } from './settings.ts';

/**
 * A subscription's endpoint is a URL that an attacker may have written. Three walls stand between it and a request:
 * its text is held to an allow-list of push services, the addresses of its host must be public, and the connection goes to the very
 * addresses that were looked at. Redirects are never followed (client.ts).
 */
export type EndpointGuard = {
  /** The text alone: scheme, host, port. Cheap; done before each send, since the lists may have changed since the save. */
  check(endpoint: string): EndpointCheck;
  /** The text and what its host resolves to now; done on save. A host that does not resolve passes: the send looks again. */
  verify(endpoint: string): Promise<EndpointCheck>;
  /** The only way to a host's address for sockets to an origin: gives public addresses or an error with code `ADDRESS_REFUSED`. */
  lookupFor(exempt: boolean): LookupFunction;
};

type EndpointCheck =
  | {
      readonly ok: true;
      readonly url: URL;
      /** Listed in `allowedHosts`: any port, any address. */
      readonly exempt: boolean;
    }
  /** `detail` names the rule, never the endpoint. */
  | { readonly ok: false; readonly detail: string };

/** Every address of a host, as text. Rejects when there is none. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

export type EndpointGuardOptions = {
  /** `host:port` entries, canonical as in a URL (`127.0.0.1:8443`, `[::1]:8443`), exempt from host list, port rule and address rule. */
  readonly allowedHosts?: readonly string[];
  readonly resolve: Resolve;
};

export const ADDRESS_REFUSED = 'ADDRESS_REFUSED';
/** Real endpoints stay below 600 characters. */
const MAX_ENDPOINT_CHARACTERS = 2048;

const HOSTS: ReadonlySet<string> = new Set([
  'fcm.googleapis.com',
  'jmt17.google.com',
  'updates.push.services.mozilla.com',
  'web.push.apple.com',
]);
/** Labels of letters, digits and hyphens; none empty, so no trailing dot. */
const HOST_NAME = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/;
const HOST_SUFFIXES = ['.push.services.mozilla.com', '.push.apple.com', '.notify.windows.com'] as const;

/** Throws when an `allowedHosts` entry is malformed; `allowedHostProblem` tells before. */
export function createEndpointGuard(options: EndpointGuardOptions): EndpointGuard {
  const allowedHosts = new Set<string>();
  for (const entry of options.allowedHosts ?? []) {
    const problem = allowedHostProblem(entry);
    if (problem) throw new TypeError(`allowed host ${entry} ${problem}`);
    allowedHosts.add(entry);
  }

  function check(endpoint: string): EndpointCheck {
    if (endpoint.length > MAX_ENDPOINT_CHARACTERS) {
      return refused(`must not be longer than ${MAX_ENDPOINT_CHARACTERS} characters`);
    }
    const url = URL.parse(endpoint);
    if (!url) return refused('must be a URL');
    if (url.protocol !== 'https:') return refused('must be an https URL');
    // A browser gives the serialised URL. Any other spelling (userinfo, escapes, capitals, tabs, backslashes, `:443`, dot segments) is a disguise.
    if (url.href !== endpoint) return refused('must be written in its canonical form');
    if (url.username || url.password) return refused('must not carry user information');
    if (endpoint.includes('#')) return refused('must not carry a fragment');
    if (allowedHosts.has(`${url.hostname}:${url.port || '443'}`)) return { ok: true, url, exempt: true };
    if (url.port) return refused('must use port 443');
    if (!isPushHost(url.hostname)) return refused('must be at a known push service');
    return { ok: true, url, exempt: false };
  }

  async function publicAddresses(hostname: string): Promise<readonly string[] | undefined> {
    const addresses = await options.resolve(hostname);
    return addresses.length > 0 && addresses.every(isPublicAddress) ? addresses : undefined;
  }

  return {
    check,
    async verify(endpoint) {
      const checked = check(endpoint);
      if (!checked.ok || checked.exempt) return checked;
      const addresses = await publicAddresses(checked.url.hostname).catch(() => []);
      return addresses ? checked : refused('must be at a host with public addresses only');
    },
    lookupFor(exempt) {
      return (hostname, { all, family }, callback) => {
        const found = exempt ? options.resolve(hostname) : publicAddresses(hostname);
        found.then(
          (addresses) => {
            const entries = (addresses ?? [])
              .map((address) => ({ address, family: isIP(address) }))
              .filter((entry) => !family || `IPv${entry.family}` === `${family}` || entry.family === family);
            const [first] = entries;
            if (!first) {
              callback(Object.assign(new Error('no address that may be used'), { code: ADDRESS_REFUSED }), '', 0);
            } else if (all) {
              callback(null, entries);
            } else {
              callback(null, first.address, first.family);
            }
          },
          (error: NodeJS.ErrnoException) => callback(error, '', 0),
        );
      };
    },
  };
}

function isPushHost(hostname: string): boolean {
  if (!HOST_NAME.test(hostname)) return false;
  return HOSTS.has(hostname) || HOST_SUFFIXES.some((suffix) => hostname.endsWith(suffix));
}

function refused(detail: string): EndpointCheck {
  return { ok: false, detail };
}
