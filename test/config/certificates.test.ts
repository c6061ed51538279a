import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { makeCasBelow, makeRoot, newKey } from '../../src/pki/make-cas.ts';
import { writePrivateKey } from '../../src/pki/pem.ts';
import { casAmong } from '../../src/rke2/ca-files.ts';
import { caDirectory } from '../pki/ca-directory.ts';
import { listFindingsOf, readClusterYml } from '../support/read-cluster-yml.ts';

const NOW = new Date();
const cas = makeCasBelow({ ...makeRoot('Example Root', NOW), above: [] }, NOW);
let site: string;

beforeAll(() => {
  site = mkdtempSync(join(tmpdir(), 'rke2ctl-site-'));
  for (const directory of ['ca', 'wrong']) {
    mkdirSync(join(site, directory, 'etcd'), { recursive: true });
    for (const [name, text] of caDirectory(cas)) writeFileSync(join(site, directory, name), text);
  }
  writeFileSync(join(site, 'wrong/client-ca.key'), writePrivateKey(newKey()));
});
afterAll(() => rmSync(site, { recursive: true, force: true }));

describe('certificates.ca', () => {
  it('becomes RKE2’s own files on the server that founds the cluster, with keys as secrets', () => {
    const cluster = readClusterYml('certificates: {ca: ./ca}\nprefix_path: /mnt', { cwd: site });
    const tls = '/mnt/var/lib/rancher/rke2/server/tls';
    expect(cluster.files.map(({ path, on }) => `${on} ${path}`)).toEqual(
      [
        ...['server-ca', 'client-ca', 'request-header-ca', 'etcd/server-ca', 'etcd/peer-ca'].flatMap(
          (name) => [`${name}.crt`, `${name}.key`],
        ),
        'service.key',
      ].map((name) => `founder ${tls}/${name}`),
    );
    expect(cluster.files.map(({ content }) => content instanceof Secret)).toEqual(
      cluster.files.map(({ path }) => path.endsWith('.key')),
    );
    expect(JSON.stringify(cluster)).not.toContain('PRIVATE KEY');
    expect(casAmong(cluster.files, cluster.dataDir)?.cas['etcd/peer-ca'].certificates).toBe(
      cas.cas['etcd/peer-ca'].certificates,
    );
  });

  it('may be left out: RKE2 makes its own', () => {
    const cluster = readClusterYml('certificates: {}', { cwd: site });
    expect(cluster.files).toEqual([]);
    expect(casAmong(cluster.files, cluster.dataDir)).toBeNull();
  });

  it.each([
    ['certificates: {ca: ./nowhere}', 'error ca-directory certificates.ca'],
    ['certificates: {ca: ./ca/service.key}', 'error ca-directory certificates.ca'],
    ['certificates: {ca: ./ca/etcd}', 'error ca-file-missing certificates.ca'],
    ['certificates: {ca: ./wrong}', 'error ca-key-mismatch certificates.ca'],
    ['certificates: ./ca', 'error invalid-value certificates'],
  ])('%s is refused', (text, finding) => {
    expect(listFindingsOf(text, { cwd: site })).toEqual([finding]);
  });
});
