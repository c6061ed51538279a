import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { convertRke1 } from '../../../src/config/convert/convert-rke1.ts';
import { readRke1State } from '../../../src/config/convert/read-rke1-state.ts';
import { parseCluster } from '../../../src/config/parse-cluster.ts';
import type { Conversion, ConversionEntry, ConversionKind } from '../../../src/domain/conversion.ts';
import type { ConfigError } from '../../../src/domain/errors.ts';
import { renderConversion } from '../../../src/ui/conversion-view.ts';
import { renderFindings } from '../../../src/ui/findings-view.ts';
import { PLAIN_STYLE } from '../../../src/ui/style.ts';
import { configEnvironment } from '../../support/config-environment.ts';

const folder = fileURLToPath(new URL('../rke1/', import.meta.url));
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.yml') && !name.endsWith('.converted.yml'))
  .map((name) => name.replace(/\.yml$/, ''));
const env = configEnvironment({ cwd: folder });

const NODES = 'nodes:\n  - address: 10.0.0.1\n    role: [controlplane, etcd, worker]\n';

function convert(text: string, target = 'rke1.yml', version: string | null = null): Conversion {
  return convertRke1({ text, file: 'rke1.yml', target, env, version }, null);
}

function entriesAt({ entries }: Conversion, path: string, kind?: ConversionKind): readonly ConversionEntry[] {
  return entries.filter((entry) => entry.path === path && (kind === undefined || entry.kind === kind));
}

describe('the files that RKE1’s documentation shows', () => {
  it('are four', () => expect(names).toEqual(['full-en', 'full-zh', 'minimal', 'questionnaire']));

  it.each(names)('%s gets the findings that were read and found good', async (name) => {
    const text = readFileSync(`${folder}${name}.yml`, 'utf8');
    const { cluster, findings } = parseCluster(text, `${name}.yml`, env);
    expect(cluster === null).toBe(findings.some(({ severity }) => severity === 'error'));
    const told = renderFindings(findings, { ...PLAIN_STYLE, width: 100 });
    await expect(told).toMatchFileSnapshot(`../rke1/${name}.findings.txt`);
  });

  it.each(names)('%s becomes a file that validates clean', (name) => {
    const text = readFileSync(`${folder}${name}.yml`, 'utf8');
    const { text: converted } = convertRke1(
      { text, file: `${name}.yml`, target: `${name}.yml`, env, version: null },
      null,
    );
    const { cluster, findings } = parseCluster(converted, `${name}.yml`, env);
    expect(findings.filter(({ severity, code }) => severity === 'error' || code.startsWith('rke1-'))).toEqual(
      [],
    );
    expect(cluster).not.toBeNull();
  });

  it.each(names)('%s keeps its lines, their order and their comments', (name) => {
    const text = readFileSync(`${folder}${name}.yml`, 'utf8');
    const converted = convert(text).text.split('\n');
    const before = text.split('\n');
    let at = 0;
    for (const line of converted.filter((each) => !each.includes('kubernetes_version'))) {
      const found = before.indexOf(line, at);
      expect(found, line).toBeGreaterThanOrEqual(at);
      at = found + 1;
    }
  });

  it.each(names)('%s is told as it was read and found good', async (name) => {
    const file = `${name}.yml`;
    const text = readFileSync(`${folder}${file}`, 'utf8');
    const { text: converted, entries } = convertRke1({ text, file, target: file, env, version: null }, null);
    await expect(converted).toMatchFileSnapshot(`../rke1/${name}.converted.yml`);
    const report = renderConversion(entries, { file, into: 'cluster.yml' }, { ...PLAIN_STYLE, width: 100 });
    await expect(report).toMatchFileSnapshot(`../rke1/${name}.report.txt`);
  });

  it('is the same when it is converted again', () => {
    for (const name of names) {
      const once = convert(readFileSync(`${folder}${name}.yml`, 'utf8')).text;
      expect(convert(once).text).toBe(once);
    }
  });
});

describe('kubernetes_version', () => {
  it('becomes the stable release, and is for the person to decide', () => {
    const { text, entries } = convert(`${NODES}kubernetes_version: v1.21.5-rancher1-1 # old\n`);
    expect(text).toBe(`${NODES}kubernetes_version: v1.35.7+rke2r1 # old\n`);
    const entry = entries.find(({ path }) => path === 'kubernetes_version');
    expect(entry).toMatchObject({ kind: 'decision', line: 4 });
    expect(entry?.hint).toContain('`install: {channel: v1.21}`');
  });
  it('or the one that is asked for', () => {
    expect(
      convert(`${NODES}kubernetes_version: v1.28.9-rancher1-1\n`, 'x.yml', 'v1.28.9+rke2r1').text,
    ).toContain('kubernetes_version: v1.28.9+rke2r1\n');
  });
  it('stays when it is one of RKE2', () => {
    const text = `${NODES}kubernetes_version: v1.33.1+rke2r1\n`;
    expect(convert(text).text).toBe(text);
  });
});

describe('snapshots in their oldest form', () => {
  it('become a backup_config with a count', () => {
    const conversion = convert(
      `${NODES}services:\n    etcd:\n      # often\n      snapshot: true\n      creation: 6h\n      retention: 24h\n`,
    );
    expect(parse(conversion.text).services.etcd).toEqual({
      snapshot: true,
      backup_config: { interval_hours: 6, retention: 4 },
    });
    expect(conversion.text).toContain('      # often\n');
    expect(entriesAt(conversion, 'services.etcd.creation', 'changed')).toHaveLength(1);
    expect(entriesAt(conversion, 'services.etcd.retention', 'changed')[0]).toMatchObject({ line: 9 });
  });
  it('go beside a backup_config, which alone counted', () => {
    const conversion = convert(
      `${NODES}services:\n  etcd:\n    retention: 72h\n    creation: 12h\n    backup_config: {interval_hours: 6, retention: 9}\n`,
    );
    expect(parse(conversion.text).services.etcd).toEqual({
      backup_config: { interval_hours: 6, retention: 9 },
    });
    expect(entriesAt(conversion, 'services.etcd.creation')[0]?.kind).toBe('dropped');
  });
});

describe('what RKE1’s reader took and a strict one does not', () => {
  it('keys that stand twice: the last one counts', () => {
    const conversion = convert(`cluster_name: a\n${NODES}cluster_name: b\n`);
    expect(conversion.text).toBe(`${NODES}cluster_name: b\n`);
    expect(entriesAt(conversion, 'cluster_name', 'changed')[0]).toMatchObject({ line: 1 });
  });
  it('numbers and switches that were text to RKE1, letter by letter', () => {
    const conversion = convert(`${NODES}    labels: {a: 1.10, b: true, c: 010, d: "1"}\n`);
    expect(conversion.text).toContain('labels: {a: "1.10", b: "true", c: "010", d: "1"}');
    expect(conversion.entries.filter(({ kind }) => kind === 'changed').map(({ path }) => path)).toEqual([
      'nodes[0].labels.a',
      'nodes[0].labels.b',
      'nodes[0].labels.c',
    ]);
  });
  it('yes and no', () => {
    const conversion = convert(`${NODES}ssh_agent_auth: yes # really\n`);
    expect(conversion.text).toBe(`${NODES}ssh_agent_auth: true # really\n`);
  });
  it('keys that it passed over', () => {
    const conversion = convert(`${NODES}    favourite_colour: blue\nclustername: x\n`);
    expect(conversion.text).toBe(NODES);
    expect(entriesAt(conversion, 'clustername', 'dropped')[0]?.hint).toContain('cluster_name');
  });
  it('`${` as plain text', () => {
    const conversion = convert(
      `${NODES}private_registries: [{url: r.example.com, user: u, password: 'a$\{b}$$c'}]\n`,
    );
    const { cluster } = parseCluster(conversion.text, 'x.yml', env);
    expect(cluster?.registries.configs['r.example.com']?.auth?.password.reveal()).toBe('a$' + '{b}$$c');
    expect(JSON.stringify(conversion.entries)).not.toContain('$$c');
  });
  it('Windows’ line ends', () => {
    expect(convert(NODES.replaceAll('\n', '\r\n')).text).toBe(NODES);
  });
});

describe('paths', () => {
  it('mean the same from another folder', () => {
    const text = `${NODES}    ssh_key_path: keys/one\nssh_key_path: ~/.ssh/id\naddons_include: [manifests/welcome.yaml, https://x.example/a.yaml]\n`;
    const conversion = convert(text, 'new/cluster.yml');
    const { nodes, addons_include, ssh_key_path } = parse(conversion.text);
    expect(nodes[0].ssh_key_path).toBe('../keys/one');
    expect(addons_include).toEqual(['../manifests/welcome.yaml', 'https://x.example/a.yaml']);
    expect(ssh_key_path).toBe('~/.ssh/id');
    expect(entriesAt(conversion, 'nodes[0].ssh_key_path', 'changed')).toHaveLength(1);
  });
});

describe('what only a person can mend', () => {
  it('stays as it is, and is said', () => {
    const conversion = convert(NODES.replace('controlplane', 'kontrollplane'));
    expect(conversion.text).toContain('kontrollplane');
    expect(conversion.findings.some(({ severity }) => severity === 'error')).toBe(true);
    expect(conversion.entries.some(({ kind, line }) => kind === 'decision' && line === 3)).toBe(true);
  });
  it('and a network that RKE2 does not have is taken out', () => {
    const conversion = convert(
      `${NODES}network:\n  plugin: weave\n  weave_network_provider:\n    password: hush-hush\n`,
    );
    expect(conversion.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(entriesAt(conversion, 'network.plugin')[0]?.kind).toBe('decision');
    expect(JSON.stringify(conversion.entries)).not.toContain('hush-hush');
  });
  it('keys below an anchor that others use stay, and are said', () => {
    const conversion = convert(
      `${NODES}network:\n  options:\n    canal_iface: eth0\nsystem_images: &x {etcd: a}\nthe_same: *x\n`,
    );
    expect(conversion.text).not.toContain('the_same');
  });
  it('the options of a cluster of Rancher’s are refused, with the way', () => {
    const attempt = () => convert('docker_root_dir: /x\nrancher_kubernetes_engine_config:\n  addons: x\n');
    expect(attempt).toThrow(/cluster of Rancher/);
  });
  it('broken YAML is refused with its place', () => {
    const attempt = () => convert('nodes:\n  - address: "a\n');
    expect(attempt).toThrow(/cannot be read/);
    try {
      attempt();
    } catch (error) {
      expect((error as ConfigError).diagnostics[0]?.position).toMatchObject({ file: 'rke1.yml', line: 2 });
    }
  });
});

describe('any part of RKE1’s full example', () => {
  const full = parse(readFileSync(`${folder}full-en.yml`, 'utf8')) as Record<string, unknown>;
  const { nodes, ...rest } = full;

  it('becomes a file without mistakes that is converted no further', () => {
    fc.assert(
      fc.property(fc.subarray([...leafPaths(rest)], { minLength: 1 }), (kept) => {
        const text = stringify({ nodes, ...pick(rest, kept) });
        const { text: once, findings } = convert(text);
        expect(
          findings.filter(({ severity, code }) => severity === 'error' || code.startsWith('rke1-')),
        ).toEqual([]);
        expect(convert(once).text).toBe(once);
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});

/** The keys down to the third level. */
function leafPaths(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  // A jump host without an address is nothing that RKE1 would have taken either.
  if (!isMap || path.length === 3 || path[0] === 'bastion_host') return [path];
  return Object.entries(value).flatMap(([key, each]) => leafPaths(each, [...path, key]));
}

function pick(source: unknown, paths: readonly (readonly string[])[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const path of paths) {
    let from = source as Record<string, unknown>;
    let to = picked;
    for (const step of path.slice(0, -1)) {
      from = from[step] as Record<string, unknown>;
      to[step] ??= {};
      to = to[step] as Record<string, unknown>;
    }
    const last = path.at(-1) ?? '';
    to[last] = from[last];
  }
  return picked;
}

describe('RKE1’s state', () => {
  const state = {
    desiredState: {
      rkeConfig: {
        nodes: [{ address: '10.0.0.1' }, { address: '10.0.0.9' }],
        kubernetesVersion: 'v1.24.17-rancher1-1',
        services: {
          kubeApi: { serviceClusterIpRange: '10.97.0.0/16' },
          kubeController: { clusterCidr: '10.42.0.0/16' },
          kubelet: { clusterDnsServer: '10.97.0.10', clusterDomain: 'cluster.local' },
        },
        network: { plugin: 'canal' },
      },
      certificatesBundle: { 'kube-ca': { keyPEM: '-----BEGIN RSA PRIVATE KEY-----' } },
      encryptionConfig: 'secret: hush-hush',
    },
    currentState: {},
  };
  const old = readRke1State(JSON.stringify(state), 'cluster.rkestate');
  const { entries } = convertRke1(
    { text: NODES, file: 'rke1.yml', target: 'rke1.yml', env, version: null },
    old,
  );
  const words = entries
    .filter(({ kind }) => kind === 'decision')
    .map(({ message }) => message)
    .join('\n');

  it('tells where the new cluster will differ from the old one', () => {
    expect(words).toContain('service network was 10.97.0.0/16; the new one’s will be 10.43.0.0/16');
    expect(words).not.toContain('pod network');
    expect(words).toContain('10.0.0.9');
    expect(words).toContain('v1.24.17-rancher1-1');
    expect(words).toContain('encrypted');
  });
  it('gives nothing of its keys away', () => {
    expect(JSON.stringify([old, entries])).not.toMatch(/PRIVATE|hush/);
  });
  it.each([
    ['no JSON', '{'],
    ['another file', '{"a": 1}'],
    ['a state of rke2ctl', '{"clusterId": "x", "desiredState": {"rkeConfig": {}}}'],
  ])('%s is refused', (_what, text) => {
    expect(() => readRke1State(text, 'x.rkestate')).toThrow(/no state of RKE1/);
  });
});
