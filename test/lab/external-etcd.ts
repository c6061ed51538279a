import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ExecResult, mustRun } from './command.ts';
import type { Lab } from './lab.ts';
import { gateway, gateway6 } from './network.ts';

/** An etcd beside a lab's hosts that none of them runs, as a cluster's external datastore. Client certificates are needed. */
export interface ExternalEtcd {
  /** `https://ADDRESS:2379`, reached from every host. */
  readonly endpoint: string;
  /** PEM files on this machine: its CA, and a client certificate that it takes, with the key. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** The real etcdctl, with the client certificate. */
  etcdctl(...args: string[]): Promise<ExecResult>;
  /** Every key in it, sorted. */
  keys(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

const READY_MS = 20_000;

/** Starts a real etcd on the controller's side of the lab. It ends with `stop`, or at the latest with the lab. */
export async function startExternalEtcd(lab: Lab, name = 'external-etcd'): Promise<ExternalEtcd> {
  const directory = join(lab.directory, name);
  await mkdir(join(directory, 'data'), { recursive: true, mode: 0o700 });
  const file = (part: string): string => join(directory, part);
  await makeAuthority(directory);
  await makeCertificate(directory, 'server', `subjectAltName=IP:${gateway},IP:${gateway6},IP:127.0.0.1`);
  await makeCertificate(directory, 'client', 'subjectAltName=DNS:rke2');
  const endpoint = `https://${gateway}:2379`;
  const child = lab.spawn(
    [
      ...[join(dirname(lab.etcdctl), 'etcd'), '--name=external', `--data-dir=${file('data')}`],
      ...[`--listen-client-urls=${endpoint},https://[${gateway6}]:2379,https://127.0.0.1:2379`],
      ...[`--advertise-client-urls=${endpoint}`, '--listen-peer-urls=http://127.0.0.1:2380'],
      ...[
        '--initial-advertise-peer-urls=http://127.0.0.1:2380',
        '--initial-cluster=external=http://127.0.0.1:2380',
      ],
      ...[`--cert-file=${file('server.crt')}`, `--key-file=${file('server.key')}`],
      ...['--client-cert-auth', `--trusted-ca-file=${file('ca.crt')}`, '--enable-grpc-gateway'],
    ],
    { stdio: 'ignore' },
  );
  const files = { ca: file('ca.crt'), cert: file('client.crt'), key: file('client.key') };
  const etcdctl = (...args: string[]): Promise<ExecResult> =>
    lab.run([
      ...['env', 'ETCDCTL_API=3', lab.etcdctl, `--endpoints=${endpoint}`, `--cacert=${files.ca}`],
      ...[`--cert=${files.cert}`, `--key=${files.key}`, ...args],
    ]);
  await waitUntilHealthy(etcdctl);
  return {
    endpoint,
    ...files,
    etcdctl,
    keys: async () => {
      const { stdout } = await etcdctl('get', '', '--from-key', '--keys-only');
      return stdout.split('\n').filter(Boolean).sort();
    },
    stop: async () => {
      child.kill('SIGTERM');
      await child;
    },
  };
}

async function waitUntilHealthy(etcdctl: ExternalEtcd['etcdctl']): Promise<void> {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const { exitCode, stderr } = await etcdctl('endpoint', 'health');
    if (exitCode === 0) return;
    if (Date.now() > deadline) throw new Error(`the external etcd does not come up: ${stderr}`);
    await sleep(200);
  }
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

async function makeAuthority(directory: string): Promise<void> {
  await mustRun([
    ...['openssl', 'req', '-x509', ...CURVE, '-subj', '/CN=external-etcd-ca', '-days', '2'],
    ...['-keyout', join(directory, 'ca.key'), '-out', join(directory, 'ca.crt')],
  ]);
}

/** etcd's JSON gateway is a client of etcd with the server's own certificate: both usages in each. */
async function makeCertificate(directory: string, name: string, names: string): Promise<void> {
  const file = (ending: string): string => join(directory, `${name}.${ending}`);
  await mustRun([
    ...['openssl', 'req', ...CURVE, '-subj', `/CN=${name}`],
    ...['-keyout', file('key'), '-out', file('csr')],
  ]);
  await writeFile(file('ext'), `${names}\nextendedKeyUsage=serverAuth,clientAuth\n`);
  await mustRun([
    ...['openssl', 'x509', '-req', '-in', file('csr'), '-CA', join(directory, 'ca.crt')],
    ...['-CAkey', join(directory, 'ca.key'), '-CAcreateserial', '-days', '2', '-extfile', file('ext')],
    ...['-out', file('crt')],
  ]);
}
