import type { KeyObject } from 'node:crypto';
import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Authority } from './certificate.ts';
import { namesOf, normalizeName, signCertificate, splitCertificates } from './certificate.ts';
import { makeDirectory, writeFile } from './files.ts';
import { info } from './log.ts';

const CA_DAYS = 3650;
const RENEWAL_DAYS = 120;
const DAY = 24 * 60 * 60 * 1000;

/** The authorities below server/tls by file name without `.crt`, and the start of each one's common name. */
const AUTHORITIES: readonly (readonly [file: string, name: string])[] = [
  ['client-ca', 'rke2-client-ca'],
  ['server-ca', 'rke2-server-ca'],
  ['request-header-ca', 'rke2-request-header-ca'],
  ['etcd/peer-ca', 'etcd-peer-ca'],
  ['etcd/server-ca', 'etcd-server-ca'],
];

interface Leaf {
  readonly file: string;
  readonly authority: string;
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly usages: readonly ('server' | 'client')[];
  readonly names?: 'api' | 'etcd' | 'local';
  readonly etcdOnly?: boolean;
}

const client = (file: string, commonName: string, organization?: string): Leaf => ({
  file,
  authority: 'client-ca',
  commonName,
  usages: ['client'],
  ...(organization === undefined ? {} : { organizations: [organization] }),
});

const LEAVES: readonly Leaf[] = [
  client('client-admin', 'system:admin', 'system:masters'),
  client('client-supervisor', 'system:rke2-supervisor', 'system:masters'),
  client('client-controller', 'system:kube-controller-manager'),
  client('client-scheduler', 'system:kube-scheduler'),
  client('client-kube-apiserver', 'system:apiserver', 'system:masters'),
  client('client-kube-proxy', 'system:kube-proxy'),
  client('client-rke2-controller', 'system:rke2-controller'),
  client('client-rke2-cloud-controller', 'rke2-cloud-controller-manager'),
  {
    file: 'client-auth-proxy',
    authority: 'request-header-ca',
    commonName: 'system:auth-proxy',
    usages: ['client'],
  },
  {
    file: 'serving-kube-apiserver',
    authority: 'server-ca',
    commonName: 'kube-apiserver',
    usages: ['server'],
    names: 'api',
  },
  {
    file: 'kube-scheduler/kube-scheduler',
    authority: 'server-ca',
    commonName: 'kube-scheduler',
    usages: ['server'],
    names: 'local',
  },
  {
    file: 'kube-controller-manager/kube-controller-manager',
    authority: 'server-ca',
    commonName: 'kube-controller-manager',
    usages: ['server'],
    names: 'local',
  },
  { file: 'etcd/client', authority: 'etcd/server-ca', commonName: 'etcd-client', usages: ['client'] },
  {
    file: 'etcd/server-client',
    authority: 'etcd/server-ca',
    commonName: 'etcd-server',
    usages: ['server', 'client'],
    names: 'etcd',
  },
  {
    file: 'etcd/peer-server-client',
    authority: 'etcd/peer-ca',
    commonName: 'etcd-peer',
    usages: ['server', 'client'],
    names: 'etcd',
  },
];

/** The alternative names of this server's certificates. */
export interface ServerNames {
  readonly api: readonly string[];
  readonly etcd: readonly string[];
}

/** Generates the authorities that are not there yet (custom ones put there beforehand stay), and service.key. */
export function ensureAuthorities(tls: string): void {
  makeDirectory(tls, 0o700);
  makeDirectory(join(tls, 'etcd'), 0o700);
  const seconds = Math.floor(Date.now() / 1000);
  for (const [file, name] of AUTHORITIES) {
    const path = join(tls, file);
    if (!existsSync(`${path}.crt`)) {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const commonName = `${name}@${seconds}`;
      writeFile(
        `${path}.crt`,
        signCertificate({ commonName, publicKey: pair.publicKey, selfKey: pair.privateKey, days: CA_DAYS }),
        0o644,
      );
      writeFile(`${path}.key`, exportKey(pair.privateKey));
      info(
        `generated self-signed CA certificate CN=${commonName}: notBefore=${asGo(Date.now())} notAfter=${asGo(Date.now() + CA_DAYS * DAY)}`,
      );
    }
    if (!file.includes('/')) {
      const first = splitCertificates(readFileSync(`${path}.crt`, 'utf8'))[0] ?? '';
      writeFile(`${path}.nochain.crt`, first, 0o644);
    }
  }
  const service = join(tls, 'service.key');
  if (!existsSync(service)) writeFile(service, newKey());
  // Of several keys the first one signs, the others still count.
  const [current = ''] = readFileSync(service, 'utf8').match(/-----BEGIN [\s\S]+?-----END [^\n]+\n?/) ?? [];
  writeFile(join(tls, 'service.current.key'), current);
}

/** Signs every leaf that is missing, near its end, of another authority, or lacks a wanted name. */
export function ensureLeaves(tls: string, names: ServerNames): void {
  for (const leaf of LEAVES) {
    const wanted =
      leaf.names === undefined
        ? []
        : leaf.names === 'local'
          ? ['localhost', '127.0.0.1', '::1']
          : names[leaf.names];
    ensureLeaf(tls, leaf, wanted);
  }
}

/** Signs a certificate with a new key for somebody else, e.g. a kubelet: chain and key as PEM. */
export function issue(
  authority: Authority,
  subject: {
    commonName: string;
    organizations?: readonly string[];
    names?: readonly string[];
    usage: 'server' | 'client';
  },
): { certificate: string; key: string } {
  const key = newKey();
  const certificate = signCertificate({
    commonName: subject.commonName,
    organizations: subject.organizations ?? [],
    names: subject.names ?? [],
    usages: [subject.usage],
    publicKey: createPublicKey(key),
    issuer: authority,
    days: leafDays(),
  });
  return { certificate: certificate + authority.certificate, key };
}

export function readAuthority(tls: string, file: string): Authority {
  return {
    certificate: readFileSync(join(tls, `${file}.crt`), 'utf8'),
    key: readFileSync(join(tls, `${file}.key`), 'utf8'),
  };
}

function ensureLeaf(tls: string, leaf: Leaf, names: readonly string[]): void {
  const path = join(tls, leaf.file);
  const authority = readAuthority(tls, leaf.authority);
  if (isGood(path, authority, names)) return;
  makeDirectory(dirname(path), 0o700);
  const key = existsSync(`${path}.key`) ? readFileSync(`${path}.key`, 'utf8') : newKey();
  const certificate = signCertificate({
    commonName: leaf.commonName,
    organizations: leaf.organizations ?? [],
    names: uniqueNames(names),
    usages: leaf.usages,
    publicKey: createPublicKey(key),
    issuer: authority,
    days: leafDays(),
  });
  writeFile(`${path}.key`, key);
  writeFile(`${path}.crt`, certificate + authority.certificate, 0o644);
  const issuer = new X509Certificate(authority.certificate).subject.replace(/\n/g, ',');
  const organization = leaf.organizations === undefined ? '' : `,O=${leaf.organizations.join(',O=')}`;
  info(
    `certificate CN=${leaf.commonName}${organization} signed by ${issuer}: notBefore=${asGo(Date.now())} notAfter=${asGo(Date.now() + leafDays() * DAY)}`,
  );
}

function isGood(path: string, authority: Authority, names: readonly string[]): boolean {
  if (!existsSync(`${path}.crt`) || !existsSync(`${path}.key`)) return false;
  const certificate = new X509Certificate(readFileSync(`${path}.crt`, 'utf8'));
  if (Date.parse(certificate.validTo) - Date.now() < RENEWAL_DAYS * DAY) return false;
  if (!certificate.verify(new X509Certificate(authority.certificate).publicKey)) return false;
  const present = new Set(namesOf(certificate));
  return names.every((name) => present.has(normalizeName(name)));
}

function uniqueNames(names: readonly string[]): readonly string[] {
  return [...new Map(names.filter(Boolean).map((name) => [normalizeName(name), name])).values()];
}

function leafDays(): number {
  const days = Number(process.env['CATTLE_NEW_SIGNED_CERT_EXPIRATION_DAYS']);
  return days > 0 ? days : 365;
}

function newKey(): string {
  return exportKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
}

function exportKey(key: KeyObject): string {
  return createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' })).export({
    type: 'sec1',
    format: 'pem',
  }) as string;
}

function asGo(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}
