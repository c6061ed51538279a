import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterCas } from '../../src/domain/cluster-cas.ts';
import { CA_NAMES } from '../../src/domain/cluster-cas.ts';
import { writePrivateKey } from '../../src/pki/pem.ts';
import type { Signer } from '../../src/pki/sign-certificate.ts';

/** The files of a directory of CAs, by name. */
export function caDirectory(
  { cas, serviceKey }: ClusterCas,
  others: Readonly<Record<string, string>> = {},
): Map<string, string> {
  const files = new Map<string, string>();
  for (const name of CA_NAMES) {
    files.set(`${name}.crt`, cas[name].certificates);
    files.set(`${name}.key`, cas[name].key.reveal());
  }
  if (serviceKey !== null) files.set('service.key', serviceKey.reveal());
  for (const [name, text] of Object.entries(others)) files.set(name, text);
  return files;
}

/** A certificate signed by OpenSSL with these extensions, for what a person's own CA may look like; PEM. */
export function signByOpenssl(
  { certificate, key }: Signer,
  request: {
    readonly subject: string;
    readonly key: string;
    readonly extensions: string;
    readonly digest?: string;
  },
): string {
  const folder = mkdtempSync(join(tmpdir(), 'rke2ctl-openssl-'));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  try {
    const own = file('own.key', request.key);
    const csr = execFileSync('openssl', ['req', '-new', '-key', own, '-subj', `/CN=${request.subject}`], {
      stdio: 'pipe',
    });
    const ca = [
      '-CA',
      file('ca.crt', certificate.toString()),
      '-CAkey',
      file('ca.key', writePrivateKey(key)),
    ];
    const extensions = ['-extfile', file('ext', request.extensions)];
    const options = ['-req', '-days', '3650', `-${request.digest ?? 'sha256'}`, '-CAcreateserial'];
    return execFileSync('openssl', ['x509', ...options, ...ca, ...extensions], {
      input: csr,
      stdio: 'pipe',
    }).toString();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
