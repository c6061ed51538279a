import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import type { Lab } from '../lab/lab.ts';
import * as der from '../standin/rke2/der.ts';
import { expectExit } from './expect-exit.ts';

const DAY = 86_400_000;
const DATA = '/var/lib/rancher/rke2';

/** Prints certificates and CAs' keys of a node's own, each as one line of its path and its text in base64. */
const READ = `cd ${DATA} || exit 1
for f in server/tls/*.crt server/tls/*-ca.key server/tls/*/*.crt server/tls/*/*-ca.key agent/*.crt; do
  [ -f "$f" ] && echo "$f $(base64 -w0 "$f")"
done; :`;

/** Writes what READ printed: whoever watches a file sees its content change at once. */
const WRITE = `cd ${DATA} || exit 1
while read -r f text; do echo "$text" | base64 -d >"$f"; done`;

/**
 * Has certificates of a host's files end yesterday: each is signed once more, by the CA that had signed it (`server` has
 * their keys), with all that was in it but its times. `ended` is asked with paths below RKE2's data directory. Gives
 * the paths of those that were.
 */
export async function endCertificates(
  lab: Lab,
  { host, server = host }: { readonly host: string; readonly server?: string },
  ended: (path: string) => boolean,
): Promise<readonly string[]> {
  const authorities = await readTexts(lab, server);
  const changed = [...(await readTexts(lab, host))].flatMap(([path, text]) => {
    if (!path.endsWith('.crt') || !ended(path)) return [];
    const [leaf = '', ...others] = text.split(/(?<=-----END CERTIFICATE-----\n)/);
    const certificate = new X509Certificate(leaf);
    const key = keyOfIssuer(certificate, authorities);
    return key === null ? [] : [[path, [signEnded(certificate, key), ...others].join('')] as const];
  });
  const lines = changed.map(([path, text]) => `${path} ${Buffer.from(text).toString('base64')}\n`);
  expectExit(await lab.exec(host, ['sh', '-c', WRITE], { stdin: lines.join('') }));
  return changed.map(([path]) => path);
}

async function readTexts(lab: Lab, host: string): Promise<ReadonlyMap<string, string>> {
  const { stdout } = expectExit(await lab.exec(host, ['sh', '-c', READ]));
  return new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => {
        const [path = '', text = ''] = line.split(' ');
        return [path, Buffer.from(text, 'base64').toString()] as const;
      }),
  );
}

/** A CA is asked to sign itself again where it had done so. */
function keyOfIssuer(certificate: X509Certificate, texts: ReadonlyMap<string, string>): string | null {
  for (const [path, text] of texts) {
    if (!path.endsWith('-ca.crt') || !path.startsWith('server/')) continue;
    const key = texts.get(path.replace(/crt$/, 'key'));
    if (key !== undefined && certificate.verify(new X509Certificate(text).publicKey)) return key;
  }
  return null;
}

function signEnded(certificate: X509Certificate, key: string): string {
  const [body = Buffer.alloc(0), algorithm = Buffer.alloc(0)] = der.children(certificate.raw);
  const [version, serial, signature, issuer, , ...rest] = der.children(body);
  const times = [new Date(Date.now() - 366 * DAY), new Date(Date.now() - DAY)];
  const head = [version, serial, signature, issuer].map((part) => part ?? Buffer.alloc(0));
  const next = der.sequence(...head, der.sequence(...times.map(der.time)), ...rest);
  const raw = der.sequence(next, algorithm, der.bitString(sign('sha256', next, createPrivateKey(key))));
  return new X509Certificate(raw).toString();
}
