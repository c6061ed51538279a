import type { CertificateFacts, CertificateFile } from '../domain/certificates.ts';
import { CA_NAMES, type CaName } from '../domain/cluster-cas.ts';
import type { ErrorDetails } from '../domain/errors.ts';
import { tlsDir } from '../rke2/paths.ts';

/** One of a cluster's CAs that nobody believes any more. */
export interface EndedAuthority {
  readonly name: CaName;
  readonly subject: string;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
}

/** RKE2 takes other CAs over its own port and puts them into etcd: it can as long as these are believed. */
const NEEDED_FOR_EXCHANGE: readonly CaName[] = ['server-ca', 'etcd/server-ca', 'etcd/peer-ca'];

const DAY_MS = 86_400_000;

/**
 * The CAs in a server's files from which no way leads to a root any more that has not ended, each once. An old root
 * beside a new one, as after a rotation, may end: nothing needs it.
 */
export function endedAuthorities(
  files: readonly CertificateFile[],
  { dataDir, now }: { readonly dataDir: string; readonly now: number },
): readonly EndedAuthority[] {
  return CA_NAMES.flatMap((name): EndedAuthority[] => {
    const found = files.filter(({ path }) => path === `${tlsDir(dataDir)}/${name}.crt`);
    const ended = found.find(({ certificates }) => !leadsToRoot(certificates, now));
    const [first, ...others] = ended?.certificates ?? [];
    if (first === undefined) return [];
    const past = [first, ...others].find(({ notAfter }) => notAfter < now) ?? first;
    return [{ name, subject: first.subject, notAfter: past.notAfter }];
  });
}

/**
 * Whether the first certificate is led to a root by the others, all of them within their time. A leaf's own end does not
 * count, and an issuer that is not among them is taken to be well, elsewhere. With `without`, the fingerprint of one of
 * them, whether there is a way that surely does without it.
 */
export function leadsToRoot(
  [first, ...others]: readonly CertificateFacts[],
  now: number,
  without: string | null = null,
): boolean {
  if (first === undefined) return true;
  if (first.isAuthority && (first.notAfter < now || first.fingerprint === without)) return false;
  const known = new Set(others.map(({ subject }) => subject));
  const isUsable = ({ fingerprint, notAfter }: CertificateFacts) =>
    notAfter >= now && fingerprint !== without;
  const goOn = ({ subject, issuer }: CertificateFacts, left: readonly CertificateFacts[]): boolean => {
    if (subject === issuer) return true;
    if (!known.has(issuer)) return without === null;
    return left.some(
      (each) =>
        each.subject === issuer &&
        goOn(
          each,
          left.filter((other) => other !== each),
        ),
    );
  };
  return goOn(first, others.filter(isUsable));
}

/**
 * Why certificates cannot be renewed, and the way out; null where no CA has ended. `force`: other CAs are to come without
 * the word of the old ones.
 */
export function explainEnded(ended: readonly EndedAuthority[], force: boolean): ErrorDetails | null {
  const [first] = ended.toSorted((a, b) => a.notAfter - b.notAfter);
  if (first === undefined) return null;
  const canExchange = !ended.some(({ name }) => NEEDED_FOR_EXCHANGE.includes(name));
  if (canExchange && force) return null;
  const names = ended.map(({ name }) => name).join(', ');
  const [who, they] = ended.length === 1 ? ['The CA', 'it'] : ['CAs', 'they'];
  return {
    code: 'authority-ended',
    message: `${who} of this cluster (${names}) ended on ${new Date(first.notAfter).toISOString().slice(0, 10)}: nobody believes what ${they} signed, or would sign now. Nothing was changed.`,
    hint: canExchange
      ? 'Run `rke2ctl cert rotate --rotate-ca --force`: as the old cannot vouch for new ones any more, all servers get them at once, the API is away meanwhile, and every copy of a kubeconfig must be replaced.'
      : wayByClock(first.notAfter),
  };
}

/**
 * A server takes other CAs only through connections that its present ones protect, to itself and to etcd: there is no way
 * but to be in a time in which they hold.
 */
function wayByClock(notAfter: number): string {
  const before = new Date(notAfter - DAY_MS).toISOString().slice(0, 16).replace('T', ' ');
  return [
    'RKE2 takes other CAs only through connections that its present ones protect, so the clocks have to go back for a while.',
    `(1) On every server, and here: \`timedatectl set-ntp false && date -u -s '${before}'\`; workers keep their time.`,
    '(2) On every server, one right after the other: `systemctl restart --no-block rke2-server`.',
    '(3) Here, when `rke2ctl status` finds etcd well: `rke2ctl cert rotate --rotate-ca`. The new ones count from that day on, and today as well.',
    '(4) On every server, and here: `timedatectl set-ntp true`; then `rke2ctl cert rotate`, as certificates of that day may have ended by now.',
  ].join(' ');
}
