import { HOST_OF_TEST } from './providers.ts';

/** Their image has the simulator's authority there. */
const AUTHORITY = '/app/libs/provider-simulator/certificates/authority.pem';
const SENDING = ['webpush-worker', 'fcm-worker'];
/** In docker-compose.yml, of those that work for Belfry's clients. */
export const COMPOSE_SERVICES = [
  'edge',
  'producer-api',
  'router',
  'realtime-gateway',
  'scheduler',
  'console',
  'invoices',
  ...SENDING,
];

/** An override of docker-compose.yml: settings for every service, and the way from the containers to the push services in the test's own process. */
export function composeOverride(env: Readonly<Record<string, string>>): string {
  const settings = (service: string) =>
    SENDING.includes(service)
      ? { environment: { ...env, NODE_EXTRA_CA_CERTS: AUTHORITY }, extra_hosts: [`${HOST_OF_TEST}:host-gateway`] }
      : { environment: { ...env, NODE_EXTRA_CA_CERTS: '' } };
  return JSON.stringify({
    services: Object.fromEntries(COMPOSE_SERVICES.map((service) => [service, settings(service)])),
  });
}
