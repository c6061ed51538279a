import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import { configEnvironment } from '../support/config-environment.ts';

const NODES = 'nodes: [{address: 10.0.0.11, role: [controlplane, etcd, worker]}]\n';
const NAMESPACE = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a}\n';
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rke2ctl-addons-'));
  writeFileSync(join(folder, 'Team_A.yaml'), NAMESPACE);
  writeFileSync(join(folder, 'addons.yml'), NAMESPACE.replace('team-a', 'team-b'));
  writeFileSync(join(folder, 'broken.yaml'), `${NAMESPACE}---\nkind: Secret\n`);
  writeFileSync(join(folder, 'empty.yaml'), '# nothing\n---\n');
  writeFileSync(join(folder, 'latin1.yaml'), Buffer.from([0xe4, 0xf6]));
});

function read(text: string) {
  return parseCluster(NODES + text, 'cluster.yml', configEnvironment({ cwd: folder }));
}

function listFindings(text: string): readonly string[] {
  return read(text).findings.map(
    ({ code, path, position }) => `${position?.line}:${position?.column} ${code} ${path}`,
  );
}

describe('addons', () => {
  it('are the text of the file and what it includes, each with a name of its own', () => {
    const { cluster, findings } = read(
      `addons: |-\n  ---\n  apiVersion: v1\n  kind: Namespace\n  metadata: {name: "\${HOME}"}\naddons_include: [Team_A.yaml, https://example.com/x/Cert-Manager.yaml, ./addons.yml]\naddon_job_timeout: 60\n`,
    );
    expect(findings).toEqual([]);
    expect(cluster?.addons.map(({ name, source }) => [name, Object.keys(source)[0]])).toEqual([
      ['addons', 'text'],
      ['team-a', 'text'],
      ['cert-manager', 'url'],
      [expect.stringMatching(/^addons-[0-9a-f]{6}$/), 'text'],
    ]);
    expect(cluster?.addons[0]?.source).toEqual({
      text: '---\napiVersion: v1\nkind: Namespace\nmetadata: {name: "\u0024{HOME}"}',
    });
    expect(cluster?.addonTimeoutMs).toBe(60_000);
  });

  it('are none when there are only comments', () => {
    expect(read('addons: |-\n  ---\n  # to be written\n').cluster?.addons).toEqual([]);
    expect(read('addons: ""\n').cluster?.addons).toEqual([]);
  });

  it.each([
    ['no name', 'apiVersion: v1\n  kind: ConfigMap\n  data: {}', '3:3 addon-broken addons'],
    ['no kind', 'apiVersion: v1\n  metadata: {name: a}', '3:3 addon-broken addons'],
    ['text', 'hello', '3:3 addon-broken addons'],
    ['a tab', 'kind: A\n  metadata:\n  \tname: x', '5:3 addon-broken addons'],
    [
      'a second document',
      `kind: Namespace\n  apiVersion: v1\n  metadata: {name: a}\n  ---\n  kind: B`,
      '7:3 addon-broken addons',
    ],
  ])('with %s are found at their line', (_what, text, finding) => {
    expect(listFindings(`addons: |-\n  ${text}\n`)).toEqual([finding]);
  });

  it('in quotes are found at their beginning', () => {
    expect(listFindings('addons: "kind: A\\n"\n')).toEqual(['2:9 addon-broken addons']);
  });

  it.each([
    ['gone.yaml', '2:18 local-file addons_include[0]'],
    ['latin1.yaml', '2:18 local-file addons_include[0]'],
    ['broken.yaml', '2:18 addon-broken addons_include[0]'],
    ['empty.yaml', '2:18 addon-empty addons_include[0]'],
    ['ftp://example.com/a.yaml', '2:18 invalid-value addons_include[0]'],
  ])('of the file %s', (file, finding) => {
    expect(listFindings(`addons_include: [${file}]\n`)).toEqual([finding]);
  });

  it('hold each object once, of APIs that there are', () => {
    expect(
      listFindings(
        'addons: "{apiVersion: v1, kind: Namespace, metadata: {name: team-a}}"\naddons_include: [Team_A.yaml]\n',
      ),
    ).toEqual(['3:18 addon-object-twice addons_include[0]']);
    expect(
      listFindings('addons: "{apiVersion: extensions/v1beta1, kind: Ingress, metadata: {name: web}}"\n'),
    ).toEqual(['2:9 addon-api-gone addons']);
  });
});
