import { describe, expect, test } from 'vitest';
import { parseFirewalld } from '../../../src/host/probe/parse-firewalld.ts';

const PUBLIC = `<?xml version="1.0" encoding="utf-8"?>
<zone target="%%REJECT%%">
  <short>Public</short>
  <!-- <port port="1" protocol="tcp"/> -->
  <interface name="eth0"/>
  <source address="192.0.2.0/24"/>
  <source ipset="office"/>
  <service name="ssh"/>
  <port port="6443" protocol="tcp"/>
  <port protocol="tcp" port="30000-32767"/>
  <rule family="ipv4" priority="-5">
    <accept/>
    <port protocol="tcp" port="9345"/>
    <source ipset="rke2ctl-nodes-4"/>
  </rule>
  <rule family="ipv6">
    <source address="2001:db8::/32" invert="True"/>
    <log prefix="a &lt;b&gt;" level="info"><limit value="1/m"/></log>
    <reject type="icmp6-adm-prohibited"/>
  </rule>
  <rule>
    <protocol value="esp"/>
    <drop/>
  </rule>
</zone>`;

function lines(text: string): readonly string[] {
  return text.split('\n');
}

describe('parseFirewalld', () => {
  test('reads zones, with rich rules as firewall-cmd prints them', () => {
    const facts = parseFirewalld(
      new Map([
        ['/etc/firewalld/firewalld.conf', lines('# comment\nDefaultZone=public\nFlushAllOnReload=no')],
        ['/etc/firewalld/zones/public.xml', lines(PUBLIC)],
      ]),
    );
    expect(facts).toEqual({
      provider: 'firewalld',
      defaultZone: 'public',
      flushAllOnReload: false,
      ipsets: {},
      zones: {
        public: {
          target: '%%REJECT%%',
          interfaces: ['eth0'],
          sources: ['192.0.2.0/24', 'ipset:office'],
          ports: ['6443/tcp', '30000-32767/tcp'],
          richRules: [
            'rule priority="-5" family="ipv4" source ipset="rke2ctl-nodes-4" port port="9345" protocol="tcp" accept',
            'rule family="ipv6" source NOT address="2001:db8::/32" log prefix="a <b>" level="info" limit value="1/m" reject type="icmp6-adm-prohibited"',
            'rule protocol value="esp" drop',
          ],
        },
      },
    });
  });

  test("an administrator's zone file stands before the packaged one, in whatever order they come", () => {
    const own: [string, readonly string[]] = [
      '/etc/firewalld/zones/work.xml',
      ['<zone><port port="1" protocol="tcp"/></zone>'],
    ];
    const packaged: [string, readonly string[]] = ['/usr/lib/firewalld/zones/work.xml', ['<zone/>']];
    for (const files of [new Map([own, packaged]), new Map([packaged, own])]) {
      const facts = parseFirewalld(files);
      expect(facts.provider === 'firewalld' && facts.zones['work']?.ports).toEqual(['1/tcp']);
    }
  });

  test('reads ipsets, and knows the defaults of a missing configuration', () => {
    const ipset =
      '<ipset type="hash:ip">\n<option name="family" value="inet6"/>\n<entry>2001:db8::1</entry>\n<entry>\n2001:db8::2\n</entry></ipset>';
    const facts = parseFirewalld(new Map([['/etc/firewalld/ipsets/nodes.xml', lines(ipset)]]));
    expect(facts).toMatchObject({
      ipsets: { nodes: ['2001:db8::1', '2001:db8::2'] },
      defaultZone: 'public',
      flushAllOnReload: true,
    });
  });
});
