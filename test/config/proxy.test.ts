import { describe, expect, it } from 'vitest';
import { coverAddresses } from '../../src/config/ip.ts';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import { Secret } from '../../src/domain/secret.ts';
import { configEnvironment } from '../support/config-environment.ts';

const env = configEnvironment({ variables: { PROXY: 'http://me:secret@proxy:3128' } });

function read(proxy: string) {
  const nodes = `nodes:
  - {address: server-1.example.com, internal_address: 10.0.0.10, role: [controlplane, etcd]}
  - {address_range: 10.0.0.12-10.0.0.15, role: [worker]}
endpoint: k8s.example.com
`;
  return parseCluster(`${nodes}proxy: {${proxy}}\n`, 'cluster.yml', env);
}

describe('proxy', () => {
  it('becomes the environment of the services, with all that is reached directly', () => {
    const { cluster, findings } = read(
      'http: "http://proxy:3128", https: "http://proxy:3128", no_proxy: [registry.example.com, 192.168.0.0/16]',
    );
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(cluster?.environment).toEqual({
      HTTP_PROXY: 'http://proxy:3128',
      HTTPS_PROXY: 'http://proxy:3128',
      NO_PROXY:
        'localhost,127.0.0.0/8,::1,10.42.0.0/16,10.43.0.0/16,.svc,.cluster.local,k8s.example.com,10.0.0.10,10.0.0.12/30,server-1.example.com,registry.example.com,192.168.0.0/16',
    });
  });

  it('names no node that its own networks and domains hold', () => {
    const { cluster } = read('https: "http://proxy:3128", no_proxy: [10.0.0.0/24, .example.com]');
    expect(String(cluster?.environment['NO_PROXY']).split(',').slice(7)).toEqual([
      'k8s.example.com',
      '10.0.0.0/24',
      '.example.com',
    ]);
  });

  it.each(['"http://me:secret@proxy:3128"', 'env:PROXY'])('with a password is a secret: %s', (written) => {
    const proxy = read(`https: ${written}`).cluster?.environment['HTTPS_PROXY'];
    expect(proxy instanceof Secret && proxy.reveal()).toBe('http://me:secret@proxy:3128');
  });

  it.each([
    ['https: "proxy:3128"', 'invalid-value proxy.https'],
    ['https: "http://proxy:3128/path"', 'invalid-value proxy.https'],
    ['https: env:NOT_SET', 'secret-missing proxy.https'],
    ['https: "http://proxy:3128", no_proxy: ["a b"]', 'invalid-value proxy.no_proxy[0]'],
    ['http: "http://proxy:3128"', 'proxy-https-missing proxy.http'],
    ['no_proxy: [a]', 'proxy-missing proxy.no_proxy'],
  ])('%s', (text, finding) => {
    expect(read(text).findings.map(({ code, path }) => `${code} ${path}`)).toContain(finding);
  });
});

describe('networks around addresses', () => {
  it.each([
    [['10.0.0.1'], ['10.0.0.1']],
    [['10.0.0.3', '10.0.0.2', '10.0.0.2'], ['10.0.0.2/31']],
    [
      ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'],
      ['10.0.0.1', '10.0.0.2/31', '10.0.0.4'],
    ],
    [['fd00::', 'fd00::1', 'name'], ['fd00::/127']],
    [[], []],
  ])('%j are %j', (addresses, networks) => {
    expect(coverAddresses(addresses)).toEqual(networks);
  });

  it('hold a thousand addresses in a few', () => {
    const all = Array.from({ length: 1024 }, (_, index) => `10.1.${Math.floor(index / 256)}.${index % 256}`);
    expect(coverAddresses(all)).toEqual(['10.1.0.0/22']);
  });
});
