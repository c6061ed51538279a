import type { X509Certificate } from 'node:crypto';

/** What Node's own X509Certificate does not tell and a chain depends on. */
export interface CertificateExtensions {
  /** basicConstraints says that it is a CA. */
  readonly isCa: boolean;
  /** How many more CAs may stand below it; null: any number. */
  readonly pathLength: number | null;
  /** False where there is a keyUsage and it does not allow to sign certificates. */
  readonly maySign: boolean;
  /** Key identifiers in hex; null where there is none. */
  readonly subjectKeyId: string | null;
  readonly authorityKeyId: string | null;
  /** Signed with MD5 or SHA-1, which Go's TLS does not accept any more. */
  readonly isWeaklySigned: boolean;
}

interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const EXTENSIONS = 0xa3;
const KEY_ID = 0x80;
const KEY_CERT_SIGN = 0x04;

/** Object identifiers as their bytes in hex. */
const IDS = {
  subjectKeyId: '551d0e',
  keyUsage: '551d0f',
  basicConstraints: '551d13',
  authorityKeyId: '551d23',
} as const;
const WEAK_SIGNATURES = ['2a864886f70d010104', '2a864886f70d010105', '2a8648ce3d0401'];

/** Reads them from a certificate that OpenSSL has understood already. */
export function readExtensions(certificate: X509Certificate): CertificateExtensions {
  const [body, algorithm] = childrenOf(first(certificate.raw));
  const extensions = listExtensions(body);
  const constraints = childrenOf(extensions.get(IDS.basicConstraints));
  const usage = extensions.get(IDS.keyUsage);
  const pathLength = constraints.find(({ tag }) => tag === INTEGER);
  const authority = childrenOf(extensions.get(IDS.authorityKeyId)).find(({ tag }) => tag === KEY_ID);
  return {
    isCa: constraints.some(({ tag, content }) => tag === BOOLEAN && content[0] !== 0),
    pathLength: pathLength === undefined ? null : pathLength.content.readUIntBE(0, pathLength.content.length),
    // The first byte of a BIT STRING counts its unused bits.
    maySign: usage === undefined || ((usage.content[1] ?? 0) & KEY_CERT_SIGN) !== 0,
    subjectKeyId: extensions.get(IDS.subjectKeyId)?.content.toString('hex') ?? null,
    authorityKeyId: authority?.content.toString('hex') ?? null,
    isWeaklySigned: WEAK_SIGNATURES.includes(childrenOf(algorithm)[0]?.content.toString('hex') ?? ''),
  };
}

/** Each extension's value by its identifier. */
function listExtensions(body: Element | undefined): ReadonlyMap<string, Element> {
  const list = childrenOf(body).find(({ tag }) => tag === EXTENSIONS);
  return new Map(
    childrenOf(childrenOf(list)[0]).flatMap((extension) => {
      const parts = childrenOf(extension);
      const [id, value] = [parts[0], parts.at(-1)];
      const inner = value === undefined ? undefined : first(value.content);
      return id === undefined || inner === undefined ? [] : [[id.content.toString('hex'), inner] as const];
    }),
  );
}

function first(bytes: Buffer): Element | undefined {
  return elementsOf(bytes)[0];
}

function childrenOf(element: Element | undefined): readonly Element[] {
  return element === undefined ? [] : elementsOf(element.content);
}

/** The DER elements that stand one after another. */
function elementsOf(bytes: Buffer): readonly Element[] {
  const elements: Element[] = [];
  for (let at = 0; at + 1 < bytes.length; ) {
    const tag = bytes.readUInt8(at);
    const short = bytes.readUInt8(at + 1);
    const more = short < 0x80 ? 0 : short & 0x7f;
    const length = more === 0 ? short : bytes.readUIntBE(at + 2, more);
    const start = at + 2 + more;
    elements.push({ tag, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return elements;
}
