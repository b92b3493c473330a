import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ADDRESS_REFUSED, createEndpointGuard } from './endpoint-guard.ts';
import { isPublicAddress } from './public-address.ts';

/** IANA's IPv4 special-purpose registry as prefix and length, kept apart from the library that the code asks. */
const SPECIAL: readonly (readonly [number, number])[] = [
  [0x00000000, 8],
  [0x0a000000, 8],
  [0x64400000, 10],
  [0x7f000000, 8],
  [0xa9fe0000, 16],
  [0xac100000, 12],
  [0xc0000000, 24],
  [0xc0000200, 24],
  [0xc01fc400, 24],
  [0xc034c100, 24],
  [0xc0586300, 24],
  [0xc0a80000, 16],
  [0xc0af3000, 24],
  [0xc6120000, 15],
  [0xc6336400, 24],
  [0xcb007100, 24],
  [0xe0000000, 3],
];
const isSpecial = (ipv4: number) =>
  SPECIAL.some(([prefix, length]) => ipv4 >>> (32 - length) === prefix >>> (32 - length));
const dotted = (ipv4: number) => [24, 16, 8, 0].map((shift) => (ipv4 >>> shift) & 255).join('.');

describe('isPublicAddress', () => {
  it('agrees with the registry at both ends of every special range', () => {
    for (const [prefix, length] of SPECIAL) {
      const last = prefix + 2 ** (32 - length) - 1;
      for (const ipv4 of [prefix - 1, prefix, last, last + 1]) {
        if (ipv4 < 0 || ipv4 >= 2 ** 32) continue;
        expect([dotted(ipv4), isPublicAddress(dotted(ipv4))]).toEqual([dotted(ipv4), !isSpecial(ipv4)]);
      }
    }
  });

  it('agrees with the registry anywhere', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (ipv4) => {
        expect(isPublicAddress(dotted(ipv4))).toBe(!isSpecial(ipv4));
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes no IPv6 address outside 2000::/3', () => {
    const group = fc.nat(0xffff);
    fc.assert(
      fc.property(fc.tuple(group, group, group, group, group, group, group, group), (groups) => {
        const address = groups.map((part) => part.toString(16)).join(':');
        if (isPublicAddress(address)) expect((groups[0] ?? 0) >> 13).toBe(1);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2a00:1450:4001:80b::200a', '2606:4700:4700::1111'])(
    'takes %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );
});

describe('lookupFor', () => {
  const answers: Readonly<Record<string, readonly string[]>> = {
    public: ['93.184.216.34', '2a00:1450:4001:80b::200a'],
    mixed: ['93.184.216.34', '10.0.0.1'],
    none: [],
  };
  let asked = 0;
  const guard = createEndpointGuard({
    resolve: async (hostname) => {
      asked += 1;
      return answers[hostname] ?? [];
    },
  });
  const lookup = (exempt: boolean, hostname: string, options: { all?: boolean; family?: number }) =>
    new Promise((resolve) => {
      guard.lookupFor(exempt)(hostname, options, (error, address, family) => resolve(error?.code ?? [address, family]));
    });

  it('gives the very addresses that it checked, having asked once', async () => {
    asked = 0;
    expect(await lookup(false, 'public', { all: true })).toEqual([
      [
        { address: '93.184.216.34', family: 4 },
        { address: '2a00:1450:4001:80b::200a', family: 6 },
      ],
      undefined,
    ]);
    expect(asked).toBe(1);
    expect(await lookup(false, 'public', {})).toEqual(['93.184.216.34', 4]);
    expect(await lookup(false, 'public', { family: 6 })).toEqual(['2a00:1450:4001:80b::200a', 6]);
  });

  it('refuses a host with one address that is not public, unless it is exempt', async () => {
    expect(await lookup(false, 'mixed', { all: true })).toBe(ADDRESS_REFUSED);
    expect(await lookup(false, 'none', { all: true })).toBe(ADDRESS_REFUSED);
    expect(await lookup(true, 'mixed', { family: 4 })).toEqual(['93.184.216.34', 4]);
    expect(await lookup(true, 'none', {})).toBe(ADDRESS_REFUSED);
  });
});
