import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, test } from 'vitest';
import {
  parseAddresses,
  parseNameservers,
  parseRoutes4,
  parseRoutes6,
  parseSockets,
  parseSs,
} from '../../../src/host/probe/parse-network.ts';

describe('parseAddresses', () => {
  test('reads both families, point-to-point ones and names with a peer index', () => {
    const lines = [
      '2: eth0    inet 192.0.2.10/24 brd 192.0.2.255 scope global dynamic eth0\\       valid_lft 86sec',
      '2: eth0    inet6 2001:db8::10/64 scope global \\       valid_lft forever preferred_lft forever',
      '3: tun0    inet 10.9.0.2 peer 10.9.0.1/32 scope global tun0\\       valid_lft forever',
      '7: veth1@if6    inet 10.1.0.1/30 scope global veth1\\       valid_lft forever',
      'nonsense',
    ];
    expect(parseAddresses(lines)).toEqual([
      { interface: 'eth0', address: '192.0.2.10', prefix: 24 },
      { interface: 'eth0', address: '2001:db8::10', prefix: 64 },
      { interface: 'tun0', address: '10.9.0.2', prefix: 32 },
      { interface: 'veth1', address: '10.1.0.1', prefix: 30 },
    ]);
  });
});

describe('routes', () => {
  test('of IPv4: default, networks, blackholes; down ones are left out', () => {
    const lines = [
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
      'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
      'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
      'cni0\t00002A0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
      '*\t40002A0A\t00000000\t0201\t0\t0\t0\tC0FFFFFF\t0\t0\t0',
      'eth1\t0000A8C0\t00000000\t0000\t0\t0\t0\t0000FFFF\t0\t0\t0',
      '*\t00000000\t00000000\t0200\t0\t0\t0\t00000000\t0\t0\t0',
    ];
    expect(parseRoutes4(lines)).toEqual([
      { destination: 'default', interface: 'eth0' },
      { destination: '192.0.2.0/24', interface: 'eth0' },
      { destination: '10.42.0.0/24', interface: 'cni0' },
      { destination: '10.42.0.64/26', interface: '*' },
    ]);
  });

  test('of IPv6: without lo, link-local, multicast and the addresses of the host itself', () => {
    const zero = '0'.repeat(32);
    const line = (destination: string, prefix: string, flags: string, name: string) =>
      `${destination} ${prefix} ${zero} 00 ${zero} 00000100 00000001 00000000 ${flags} ${name.padStart(8)}`;
    const lines = [
      line('fd000000000000000000000000000000', '40', '00000001', 'eth0'),
      line('fe800000000000000000000000000000', '40', '00000001', 'eth0'),
      line(zero, '00', '00000003', 'eth0'),
      line(zero, '00', '00200200', 'lo'),
      line('fd000000000000000000000000000002', '80', '80200001', 'eth0'),
      line('ff000000000000000000000000000000', '08', '00000001', 'eth0'),
    ];
    expect(parseRoutes6(lines)).toEqual([
      { destination: 'fd00::/64', interface: 'eth0' },
      { destination: 'default', interface: 'eth0' },
    ]);
  });
});

describe('addresses of IPv6', () => {
  test('are written as everybody writes them, whatever stands in them', () => {
    const group = fc.oneof(fc.constant('0000'), fc.stringMatching(/^[0-9a-f]{4}$/));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const hex = `3${groups.join('').slice(1)}`;
        const line = `${hex} 40 ${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00000400 00000001 00000000 00000001     eth0`;
        const written = ipaddr.parse((hex.match(/.{4}/g) ?? []).join(':')).toString();
        expect(parseRoutes6([line])).toEqual([{ destination: `${written}/64`, interface: 'eth0' }]);
      }),
    );
    const all = (hex: string) =>
      `/proc/net/tcp6:   0: ${hex}:0016 00000000000000000000000000000000:0000 0A 0 0 0`;
    expect(parseSockets([all('0'.repeat(32))])[0]?.address).toBe('::');
    expect(parseSockets([all(`0000FE80${'0'.repeat(24)}`)])[0]?.address).toBe('80fe::');
  });
});

describe('listening sockets', () => {
  test('by ss, with and without the program, on addresses, devices and all addresses', () => {
    const lines = [
      'udp   UNCONN 0      0      127.0.0.53%lo:53         0.0.0.0:*    users:(("systemd-resolve",pid=601,fd=13))',
      'tcp   LISTEN 0      4096               *:6443             *:*    users:(("nginx",pid=812,fd=6),("nginx",pid=811,fd=6))',
      'tcp   LISTEN 0      128             [::]:22            [::]:*',
      'tcp   LISTEN 0      128          [fe80::1%eth0]:546            [::]:*',
      'tcp   LISTEN 0      128        127.0.0.1:10248      0.0.0.0:*    ',
    ];
    expect(parseSs(lines)).toEqual([
      { protocol: 'udp', address: '127.0.0.53', port: 53, process: 'systemd-resolve (601)' },
      { protocol: 'tcp', address: '::', port: 6443, process: 'nginx (812)' },
      { protocol: 'tcp', address: '::', port: 22, process: null },
      { protocol: 'tcp', address: 'fe80::1', port: 546, process: null },
      { protocol: 'tcp', address: '127.0.0.1', port: 10248, process: null },
    ]);
  });

  test('by /proc/net, where there is no ss', () => {
    const rest = '00000000:00000000 00:00000000 00000000     0        0 1234 1 0000 100 0 0 10 0';
    const lines = [
      `/proc/net/tcp:   0: 0100007F:192B 00000000:0000 0A ${rest}`,
      `/proc/net/tcp:   1: 0100007F:192B 0100007F:A000 01 ${rest}`,
      `/proc/net/tcp6:   0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A ${rest}`,
      `/proc/net/udp:  12: 00000000:2118 00000000:0000 07 ${rest}`,
    ];
    expect(parseSockets(lines)).toEqual([
      { protocol: 'tcp', address: '127.0.0.1', port: 6443, process: null },
      { protocol: 'tcp', address: '::1', port: 22, process: null },
      { protocol: 'udp', address: '0.0.0.0', port: 8472, process: null },
    ]);
  });
});

describe('parseNameservers', () => {
  test('takes resolv.conf as it is', () => {
    expect(parseNameservers(['# x', 'nameserver 192.0.2.53', 'search a'], ['nameserver 9.9.9.9'])).toEqual([
      '192.0.2.53',
    ]);
  });

  test("takes systemd-resolved's own list where resolv.conf has only its stub, as RKE2 does", () => {
    expect(parseNameservers(['nameserver 127.0.0.53'], ['nameserver 192.0.2.53'])).toEqual(['192.0.2.53']);
  });

  test('leaves the stub where there is nothing else, for the check to see', () => {
    expect(parseNameservers(['nameserver 127.0.0.53'], null)).toEqual(['127.0.0.53']);
  });
});
