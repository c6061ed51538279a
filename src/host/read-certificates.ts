import type { CertificateFile, FoundCertificates } from '../domain/certificates.ts';
import { readCertificateFacts } from '../pki/read-certificate-facts.ts';
import { DATA_DIR } from '../rke2/paths.ts';
import type { Host } from './host.ts';

const FILE = '@@file ';
const ENCODED = '@@base64 ';

/**
 * Prints the certificates of RKE2's files below $1. Of a file that also holds a key, or is cut off before one, no line of
 * the key is printed: a block ends with the next line of dashes, whatever that says. Of dynamic-cert.json, in which the
 * supervisor keeps its own as a Secret, only the public part.
 */
export const LIST_CERTIFICATES = `
for f in "$1"/server/tls/*.crt "$1"/server/tls/*/*.crt "$1"/agent/*.crt; do
  # The API server's own, of one start only, which nobody else ever sees.
  case $f in */temporary-certs/*) continue ;; esac
  [ -f "$f" ] || continue
  echo "${FILE}$f"
  sed -n '/^-----BEGIN CERTIFICATE-----/,/^-----[A-Z]/p' "$f"
  # The end of a file need not be the end of a line.
  echo
done
f=$1/server/tls/dynamic-cert.json
if [ -f "$f" ]; then
  echo "${ENCODED}$f"
  sed -n 's/.*"tls\\.crt": *"\\([A-Za-z0-9+/=]*\\)".*/\\1/p' "$f"
  echo
fi`;

const SCRIPT = `date +%s${LIST_CERTIFICATES}`;

const TIMEOUT_MS = 20_000;

/** Reads every certificate of RKE2's on a host, by one script that changes nothing. Rejects as `host.run` does. */
export async function readCertificates(
  host: Host,
  options: { readonly dataDir?: string; readonly signal?: AbortSignal } = {},
): Promise<FoundCertificates> {
  const { dataDir = DATA_DIR, signal } = options;
  const { stdout } = await host.run(SCRIPT, {
    args: [dataDir],
    timeoutMs: TIMEOUT_MS,
    what: 'Reading the certificates',
    ...(signal !== undefined && { signal }),
  });
  const end = stdout.indexOf('\n');
  const seconds = Number(stdout.slice(0, end));
  return {
    files: parseCertificateFiles(stdout.slice(end + 1)),
    clockOffsetMs: seconds > 0 ? seconds * 1000 + 500 - Date.now() : 0,
  };
}

/** What LIST_CERTIFICATES printed. */
export function parseCertificateFiles(output: string): readonly CertificateFile[] {
  const parts = output.split(/^(@@(?:file|base64) )/m);
  const files: CertificateFile[] = [];
  for (let at = 1; at + 1 < parts.length; at += 2) {
    const [path = '', ...lines] = (parts[at + 1] ?? '').split('\n');
    const text = lines.join('\n');
    const pem = parts[at] === ENCODED ? Buffer.from(text, 'base64').toString() : text;
    files.push({ path, ...readCertificateFacts(pem) });
  }
  return files;
}
