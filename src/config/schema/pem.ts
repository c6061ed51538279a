import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Mistake } from '../finding.ts';

/** What is wrong with text that has to be one or more certificates in PEM; null when nothing is. */
export function checkCertificates(pem: string): Mistake | null {
  const blocks =
    pem.match(/-----BEGIN [A-Z ]*CERTIFICATE-----[\s\S]*?-----END [A-Z ]*CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return explain('no certificate in PEM form', pem, 'CERTIFICATE');
  const broken = blocks.findIndex((block) => !isReadable(() => new X509Certificate(block)));
  if (broken < 0) return null;
  const which = blocks.length === 1 ? 'The certificate' : `Certificate ${broken + 1} of ${blocks.length}`;
  return {
    code: 'pem-invalid',
    message: `${which} cannot be read: what stands between its BEGIN and END lines is damaged.`,
    hint: 'Copy the whole file again; in YAML every line of it is indented alike below `|-`.',
  };
}

/** What is wrong with text that has to be a private key in PEM without a passphrase; null when nothing is. */
export function checkPrivateKey(pem: string): Mistake | null {
  if (/ENCRYPTED/.test(pem)) {
    return {
      code: 'pem-invalid',
      message: 'The private key has a passphrase, which RKE2 cannot give.',
      hint: 'Write it without one: `openssl pkey -in key.pem -out plain.pem`.',
    };
  }
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem))
    return explain('no private key in PEM form', pem, 'PRIVATE KEY');
  if (isReadable(() => createPrivateKey(pem))) return null;
  return {
    code: 'pem-invalid',
    message: 'The private key cannot be read: what stands between its BEGIN and END lines is damaged.',
    hint: 'Copy the whole file again; in YAML every line of it is indented alike below `|-`.',
  };
}

function explain(what: string, pem: string, label: string): Mistake {
  const isPath = /^[\w./~-]+$/.test(pem.trim());
  return {
    code: 'pem-invalid',
    message: `There is ${what} here${isPath ? ', but what looks like a path' : ''}.`,
    hint: `Write the text itself, from \`-----BEGIN ${label}-----\` to \`-----END ${label}-----\`, below \`|-\`.`,
  };
}

function isReadable(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}
