import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { CertificateFacts, KubeconfigCertificates } from '../../domain/certificates.ts';
import { readCertificateFacts } from '../../pki/read-certificate-facts.ts';

/** Certificates of a kubeconfig on this machine, of all its users and clusters; null where there is no such file. */
export async function readKubeconfigCertificates(path: string): Promise<KubeconfigCertificates | null> {
  const none = { path, client: [], authorities: [] };
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    return { ...none, complaint: `it cannot be read (${error instanceof Error ? error.message : error})` };
  }
  if (text.trim() === '') return null;
  const client = valuesOf(text, 'users', 'user', 'client-certificate-data');
  const authorities = valuesOf(text, 'clusters', 'cluster', 'certificate-authority-data');
  const complaint =
    client === null || authorities === null
      ? 'it is no kubeconfig'
      : client.unreadable + authorities.unreadable > 0
        ? 'a certificate in it cannot be read'
        : client.certificates.length === 0
          ? 'there is no client’s certificate in it'
          : null;
  return {
    path,
    client: client?.certificates ?? [],
    authorities: authorities?.certificates ?? [],
    complaint,
  };
}

/** The certificates under `list[].part.key`, base64 of PEM; null when the text is not made so. */
function valuesOf(
  text: string,
  list: string,
  part: string,
  key: string,
): { readonly certificates: readonly CertificateFacts[]; readonly unreadable: number } | null {
  const entries = field(parseOrNull(text), list);
  if (!Array.isArray(entries)) return null;
  const values = entries
    .map((entry) => field(field(entry, part), key))
    .filter((value) => value !== undefined);
  const read = values.map((value) =>
    typeof value === 'string' ? readCertificateFacts(Buffer.from(value, 'base64').toString()) : NOTHING,
  );
  return {
    certificates: read.flatMap(({ certificates }) => certificates),
    unreadable: read.reduce(
      (sum, { certificates, unreadable }) => sum + (certificates.length === 0 ? 1 : unreadable),
      0,
    ),
  };
}

const NOTHING = { certificates: [], unreadable: 1 } as const;

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function parseOrNull(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return null;
  }
}
