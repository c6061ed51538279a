import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { linkTo, makeDirectory, writeFile } from './files.ts';
import { info } from './log.ts';
import type { ServerOptions } from './options.ts';
import type { Paths } from './paths.ts';
import { KUBECONFIG } from './paths.ts';

/** Writes the admin's kubeconfig, with a symlink at the usual place when another path is configured. */
export function writeAdminKubeconfig(options: ServerOptions): void {
  const { path, mode, group, name } = options.kubeconfig;
  const target = path === '' ? KUBECONFIG : path;
  makeDirectory(dirname(KUBECONFIG));
  makeDirectory(dirname(target));
  const host = options.nodeAddresses[0]?.includes(':') === true ? '[::1]' : '127.0.0.1';
  writeFile(
    target,
    renderKubeconfig(options.paths, { server: `https://${host}:6443`, certificate: 'client-admin', name }),
  );
  chmodSync(target, Number.parseInt(mode, 8));
  if (group !== '') chownSync(target, 0, findGroup(group));
  if (target !== KUBECONFIG) linkTo(target, KUBECONFIG);
  info(`Wrote kubeconfig ${target}`);
  info('Run: rke2 kubectl');
}

/** The kubeconfigs of the components below server/cred. */
export function writeComponentKubeconfigs(paths: Paths): void {
  const server = 'https://127.0.0.1:6443';
  const files: readonly (readonly [string, string])[] = [
    ['admin', 'client-admin'],
    ['supervisor', 'client-supervisor'],
    ['controller', 'client-controller'],
    ['scheduler', 'client-scheduler'],
    ['api-server', 'client-kube-apiserver'],
    ['cloud-controller', 'client-rke2-cloud-controller'],
  ];
  for (const [file, certificate] of files) {
    writeFile(
      join(paths.cred, `${file}.kubeconfig`),
      renderKubeconfig(paths, { server, certificate, name: 'local' }),
    );
  }
}

function renderKubeconfig(
  paths: Paths,
  about: { server: string; certificate: string; name: string },
): string {
  const encode = (file: string): string => readFileSync(join(paths.tls, file)).toString('base64');
  return `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${encode('server-ca.crt')}
    server: ${about.server}
  name: ${about.name}
contexts:
- context:
    cluster: ${about.name}
    user: ${about.name}
  name: ${about.name}
current-context: ${about.name}
kind: Config
users:
- name: ${about.name}
  user:
    client-certificate-data: ${encode(`${about.certificate}.crt`)}
    client-key-data: ${encode(`${about.certificate}.key`)}
`;
}

function findGroup(group: string): number {
  if (/^\d+$/.test(group)) return Number(group);
  return Number(execFileSync('getent', ['group', group]).toString().split(':')[2]);
}
