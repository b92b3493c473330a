import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** 2000::/3, all that is routed on the Internet so far (IANA IPv6 address space registry). */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3');

/**
 * Whether `address`, an IPv4 or IPv6 address as a resolver gives it, belongs to the public Internet. False for every special range of IANA's
 * registries: loopback, private, link-local, shared (100.64/10), benchmarking (198.18/15), documentation, multicast, reserved, 0/8, unique local,
 * and every IPv6 form that carries an IPv4 address inside (mapped, compatible, NAT64 64:ff9b::/96, 6to4, Teredo), whatever that one is.
 */
export function isPublicAddress(address: string): boolean {
  // ipaddr.js also reads octal, hexadecimal and short forms; a resolver never gives those.
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_UNICAST);
}
