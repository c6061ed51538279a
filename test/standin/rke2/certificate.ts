import type { KeyObject } from 'node:crypto';
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import * as der from './der.ts';

const DAY = 24 * 60 * 60 * 1000;
const ORGANIZATION = '2.5.4.10';
const COMMON_NAME = '2.5.4.3';
const SUBJECT_KEY_ID = '2.5.29.14';
const USAGES = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const;

/** A certificate authority in PEM; `certificate` may hold a chain, its first entry signs. */
export interface Authority {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate is to say. Without `issuer` it signs itself and is an authority. */
export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly publicKey: KeyObject;
  readonly issuer?: Authority;
  readonly selfKey?: KeyObject;
  readonly usages?: readonly (keyof typeof USAGES)[];
  /** DNS names and IP addresses, mixed. */
  readonly names?: readonly string[];
  readonly days: number;
}

/** Signs an X.509 v3 certificate with SHA-256 and returns it as PEM. A leaf is valid from its issuer's first day on. */
export function signCertificate(request: CertificateRequest): string {
  const signingKey = request.issuer === undefined ? request.selfKey : createPrivateKey(request.issuer.key);
  if (signingKey === undefined) throw new Error('a certificate needs an issuer or its own key');
  const issuer = request.issuer === undefined ? undefined : new X509Certificate(request.issuer.certificate);
  const subject = encodeName(request.commonName, request.organizations ?? []);
  const algorithm = signatureAlgorithm(signingKey);
  const now = Math.floor(Date.now() / 1000) * 1000;
  const notBefore = issuer === undefined ? new Date(now) : new Date(issuer.validFrom);
  const body = der.sequence(
    der.tagged(0, der.integer(Buffer.from([2]))),
    der.integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    issuer === undefined ? subject : subjectOf(issuer),
    der.sequence(der.time(notBefore), der.time(new Date(now + request.days * DAY))),
    subject,
    request.publicKey.export({ type: 'spki', format: 'der' }),
    der.tagged(3, der.sequence(...encodeExtensions(request, issuer))),
  );
  const certificate = der.sequence(body, algorithm, der.bitString(sign('sha256', body, signingKey)));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** Splits PEM text into its certificates. */
export function splitCertificates(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n?/g) ?? [];
}

/** The hash a token pins: of the file's bytes for a single certificate, of the root's DER for a chain. */
export function hashAuthority(pem: string): string {
  const certificates = splitCertificates(pem);
  if (certificates.length <= 1) return sha256(Buffer.from(pem));
  const parsed = certificates.map((text) => new X509Certificate(text));
  const root = parsed.find((certificate) => certificate.checkIssued(certificate));
  return sha256(root === undefined ? Buffer.from(pem) : root.raw);
}

/** DNS names and addresses of a certificate, without their type prefixes. */
export function namesOf(certificate: X509Certificate): readonly string[] {
  return (certificate.subjectAltName ?? '')
    .split(', ')
    .map((name) => normalizeName(name.replace(/^[^:]+:/, '')));
}

/** One spelling for a name: lower case, IPv6 written out as OpenSSL prints it. */
export function normalizeName(name: string): string {
  if (!isIPv6(name)) return name.toLowerCase();
  const bytes = addressBytes(name);
  return Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(':');
}

function subjectOf(certificate: X509Certificate): Buffer {
  const fields = der.children(der.children(certificate.raw)[0] ?? Buffer.alloc(0));
  const subject = fields[5];
  if (subject === undefined) throw new Error('the issuing certificate has no subject');
  return subject;
}

function encodeName(commonName: string, organizations: readonly string[]): Buffer {
  const attribute = (id: string, value: string): Buffer =>
    der.setOf(der.sequence(der.objectId(id), der.utf8String(value)));
  return der.sequence(
    ...organizations.map((value) => attribute(ORGANIZATION, value)),
    attribute(COMMON_NAME, commonName),
  );
}

function signatureAlgorithm(key: KeyObject): Buffer {
  return key.asymmetricKeyType === 'ec'
    ? der.sequence(der.objectId('1.2.840.10045.4.3.2'))
    : der.sequence(der.objectId('1.2.840.113549.1.1.11'), der.nullValue());
}

function encodeExtensions(
  request: CertificateRequest,
  issuer: X509Certificate | undefined,
): readonly Buffer[] {
  const isAuthority = issuer === undefined;
  const keyId = identify(request.publicKey);
  const authorityId = issuer === undefined ? keyId : keyIdOf(issuer);
  const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
    der.sequence(der.objectId(id), ...(critical ? [der.boolean(true)] : []), der.octetString(value));
  const result = [
    extension(
      '2.5.29.15',
      true,
      der.bitString(Buffer.from([isAuthority ? 0xa4 : 0xa0]), isAuthority ? 2 : 5),
    ),
    extension(SUBJECT_KEY_ID, false, der.octetString(keyId)),
    extension('2.5.29.35', false, der.sequence(der.implicit(0, authorityId))),
  ];
  if (isAuthority) result.push(extension('2.5.29.19', true, der.sequence(der.boolean(true))));
  const usages = request.usages ?? [];
  if (usages.length > 0) {
    result.push(
      extension('2.5.29.37', false, der.sequence(...usages.map((usage) => der.objectId(USAGES[usage])))),
    );
  }
  const names = request.names ?? [];
  if (names.length > 0)
    result.push(extension('2.5.29.17', false, der.sequence(...names.map(encodeAlternativeName))));
  return result;
}

function encodeAlternativeName(name: string): Buffer {
  return isIPv4(name) || isIPv6(name)
    ? der.implicit(7, addressBytes(name))
    : der.implicit(2, Buffer.from(name));
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const groups = (text: string): number[] =>
    text === ''
      ? []
      : text.split(':').flatMap((group) => (isIPv4(group) ? embedded(group) : [Number.parseInt(group, 16)]));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const middle = new Array<number>(8 - left.length - right.length).fill(0);
  const result = Buffer.alloc(16);
  for (const [index, group] of [...left, ...middle, ...right].entries())
    result.writeUInt16BE(group, index * 2);
  return result;
}

function embedded(address: string): number[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
}

/** SHA-1 of the public key's bits, the usual key identifier. */
function identify(key: KeyObject): Buffer {
  const publicKey = key.type === 'public' ? key : createPublicKey(key);
  const bits = der.children(publicKey.export({ type: 'spki', format: 'der' }))[1] ?? Buffer.alloc(0);
  return createHash('sha1').update(der.content(bits).subarray(1)).digest();
}

/** The key identifier an authority gives itself, which its leaves must repeat; custom ones may differ from the usual. */
function keyIdOf(certificate: X509Certificate): Buffer {
  const fields = der.children(der.children(certificate.raw)[0] ?? Buffer.alloc(0));
  const list = fields.find((field) => field[0] === 0xa3);
  const extensions = list === undefined ? [] : der.children(der.children(list)[0] ?? Buffer.alloc(0));
  const wanted = extensions.find((extension) =>
    der.children(extension)[0]?.equals(der.objectId(SUBJECT_KEY_ID)),
  );
  const value = wanted === undefined ? undefined : der.children(wanted).at(-1);
  return value === undefined ? identify(certificate.publicKey) : der.content(der.content(value));
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
