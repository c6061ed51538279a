import { describe, expect, it } from 'vitest';
import type { FoundHost } from '../../src/domain/found-host.ts';
import type { ApiNode } from '../../src/domain/observed.ts';
import { type AdoptableInput, checkAdoptable } from '../../src/plan/check-adoptable.ts';
import { makeMarker } from '../support/make-facts.ts';
import { makeFoundHost } from '../support/make-found-host.ts';

const OTHER_CA = 'b'.repeat(64);

const server = makeFoundHost(1);
const agent = makeFoundHost(2, { service: 'rke2-agent' });

function check(hosts: readonly FoundHost[], more: Partial<AdoptableInput> = {}) {
  const nodes = hosts.map((host) => (host as FoundHost & { readonly node: ApiNode }).node);
  return checkAdoptable({ hosts, nodes, partial: false, ...more }).map(
    ({ code, message, node }) => `${code} ${node ?? ''}: ${message}`,
  );
}

const withRke2 = (host: typeof server, rke2: Partial<FoundHost['facts']['rke2']>) => ({
  ...host,
  facts: { ...host.facts, rke2: { ...host.facts.rke2, ...rke2 } },
});
const withFiles = (host: typeof server, files: Partial<FoundHost['files']>) => ({
  ...host,
  files: { ...host.files, ...files },
});

describe('hosts that can be taken over', () => {
  it('are a server and its agent', () => {
    expect(check([server, agent])).toEqual([]);
  });

  it.each([
    [
      'marked',
      [withRke2(server, { marker: makeMarker({ clusterName: 'prod' }) })],
      /^adopt-marked 10.0.0.1: It belongs to cluster "prod"/,
    ],
    ['marked unreadably', [withRke2(server, { marker: 'unreadable' })], /^adopt-marked/],
    [
      'bare',
      [
        withRke2(server, {
          binaries: [],
          server: { exists: false, active: 'inactive', enabled: false, path: null },
          agent: { exists: false, active: 'inactive', enabled: false, path: null },
        }),
      ],
      /^adopt-no-rke2/,
    ],
    [
      'stopped',
      [withRke2(server, { server: { exists: true, active: 'failed', enabled: true, path: null } })],
      /^adopt-not-running .* rke2-server is failed/,
    ],
    [
      'of two versions',
      [server, withRke2(agent, { binaries: [{ path: '/usr/local/bin/rke2', version: 'v1.34.1+rke2r1' }] })],
      /^adopt-versions-differ .*10.0.0.1: v1.35.7\+rke2r1 \| 10.0.0.2: v1.34.1\+rke2r1/,
    ],
    ['of two clusters', [server, withRke2(agent, { caHash: OTHER_CA })], /^adopt-clusters-differ/],
    ['never joined', [server, withRke2(agent, { caHash: null })], /^adopt-half-joined 10.0.0.2/],
    ['installed in two ways', [server, withRke2(agent, { rpm: true })], /^adopt-installs-differ/],
    ['agents alone', [agent], /^adopt-no-server/],
    [
      'with data in a strange place',
      [{ ...server, values: { 'data-dir': '/data/rke2' } }],
      /^adopt-data-dir .*\/data\/rke2/,
    ],
    [
      'with a state of rke2ctl in the cluster',
      [withRke2(server, { stateCopy: { clusterId: 'c9', serial: 1, checksum: '' } })],
      /^adopt-marked : The cluster holds a copy/,
    ],
  ] as const)('are not those %s', (_what, hosts, message) => {
    expect(check(hosts)).toEqual([expect.stringMatching(message)]);
  });
});

describe('tokens', () => {
  const token = (password: string, ca = 'a'.repeat(64)) => `K10${ca}::server:${password}`;

  it('must be the same on all servers', () => {
    const second = makeFoundHost(3, {
      files: { serverToken: token('other'), agentToken: token('server-pass') },
    });
    expect(check([server, second])).toEqual([
      'adopt-tokens-differ : The servers do not agree on the server token: 10.0.0.1 | 10.0.0.3 have different ones.',
    ]);
  });

  it('must be there on servers', () => {
    expect(check([withFiles(server, { serverToken: null })])).toEqual([
      expect.stringMatching(/^adopt-token-missing/),
    ]);
  });

  it.each([
    ['server-pass', 0],
    [token('server-pass'), 0],
    ['abcdef.0123456789abcdef', 0],
    ['stale', 1],
    [token('server-pass', OTHER_CA), 1],
  ])('of the settings must still be the cluster’s: %s', (configuredToken, count) => {
    const found = check([server, withFiles(agent, { configuredToken })]);
    expect(found).toHaveLength(count);
    for (const line of found) {
      expect(line).toMatch(/^adopt-tokens-differ 10.0.0.2/);
      expect(line).not.toContain('stale');
    }
  });
});

describe('Nodes', () => {
  it('must be known: some API server answers', () => {
    expect(check([server], { nodes: null })).toEqual([expect.stringMatching(/^adopt-no-api/)]);
  });

  it('that were not given are named, unless that is meant', () => {
    const nodes = [server.node, agent.node];
    expect(check([server], { nodes })).toEqual([
      expect.stringMatching(/^adopt-nodes-missing .*n2 \(10.0.0.2\)/),
    ]);
    expect(check([server], { nodes, partial: true })).toEqual([]);
  });

  it('must be there for each host; one of the same name elsewhere is none', () => {
    const stranger = { ...agent.node, internalAddresses: ['192.0.2.9'] };
    expect(check([server, agent], { nodes: [server.node, stranger], partial: true })).toEqual([
      expect.stringMatching(/^adopt-half-joined 10.0.0.2/),
    ]);
  });
});
