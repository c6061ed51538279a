import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readKubeconfigCertificates } from '../../src/cli/kubeconfig/read-kubeconfig-certificates.ts';
import { makeAuthority, makeLeaf } from '../support/make-certificates.ts';

const authority = makeAuthority('rke2-server-ca@1');
const admin = makeLeaf(makeAuthority('rke2-client-ca@1'), 'system:admin', { usage: 'client' });

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rke2ctl-kubeconfig-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function read(text: string) {
  const path = join(directory, 'kube_config_cluster.yml');
  await writeFile(path, text);
  return readKubeconfigCertificates(path);
}

const kubeconfig = (client: string, ca: string) =>
  `kind: Config\nclusters:\n- name: lab\n  cluster: {server: 'https://x:6443', certificate-authority-data: '${ca}'}\nusers:\n- name: lab\n  user: {client-certificate-data: '${client}', client-key-data: '${btoa(admin.key)}'}\n`;

describe('the certificates of a kubeconfig', () => {
  it('are those of its users and clusters', async () => {
    const found = await read(kubeconfig(btoa(admin.pem), btoa(authority.certificate)));
    expect(found?.complaint).toBeNull();
    expect(found?.client.map(({ subject }) => subject)).toEqual([
      'CN=system:admin, O=system:masters',
      'CN=rke2-client-ca@1',
    ]);
    expect(found?.authorities.map(({ subject }) => subject)).toEqual(['CN=rke2-server-ca@1']);
    expect(JSON.stringify(found)).not.toContain(btoa(admin.key));
  });

  it('are nothing to speak of where there is no file', async () => {
    expect(await readKubeconfigCertificates(join(directory, 'absent.yml'))).toBeNull();
    expect(await read('')).toBeNull();
  });

  it.each([
    ['users: [', 'it is no kubeconfig'],
    ['just words', 'it is no kubeconfig'],
    [kubeconfig(btoa('no certificate'), btoa(authority.certificate)), 'a certificate in it cannot be read'],
    [
      kubeconfig(btoa(admin.pem.slice(0, 200)), btoa(authority.certificate)),
      'a certificate in it cannot be read',
    ],
    ['clusters: []\nusers: [{name: lab, user: {token: abc}}]\n', 'there is no client’s certificate in it'],
  ])('are complained of: %#', async (text, complaint) => {
    expect((await read(text))?.complaint).toBe(complaint);
  });

  it('of a file that may not be read are told as such', async () => {
    expect((await readKubeconfigCertificates(directory))?.complaint).toContain('it cannot be read (EISDIR');
  });
});
