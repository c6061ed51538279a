import { createHash, createPublicKey, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  Extension,
  Extensions,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  id_ce_subjectKeyIdentifier,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';

const COMMON_NAME = '2.5.4.3';
const ECDSA_SHA256 = '1.2.840.10045.4.3.2';
const RSA_SHA256 = '1.2.840.113549.1.1.11';
const DER_NULL = Uint8Array.from([5, 0]).buffer;

/** A certificate and the key that belongs to it. */
export interface Signer {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

export interface CaRequest {
  /** Its common name, or the certificate whose name and key identifier it is to bear. */
  readonly subject: string | X509Certificate;
  readonly publicKey: KeyObject;
  /** Who signs; a private key alone signs itself. */
  readonly issuer: Signer | KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Signs a CA's certificate (X.509 v3, SHA-256): any number of CAs below it, signing of certificates as its only use beside TLS. */
export function signCa(request: CaRequest): X509Certificate {
  const { issuer, publicKey, subject } = request;
  const signer = 'certificate' in issuer ? parse(issuer.certificate) : null;
  const key = 'certificate' in issuer ? issuer.key : issuer;
  const own = typeof subject === 'string' ? null : parse(subject);
  const name = own === null ? commonName(String(subject)) : own.tbsCertificate.subject;
  const keyId = (own && keyIdOf(own)) ?? identify(publicKey);
  const issuerKeyId = signer === null ? keyId : (keyIdOf(signer) ?? identify(createPublicKey(key)));
  const body = new TBSCertificate({
    version: Version.v3,
    serialNumber: newSerial(),
    signature: signatureAlgorithm(key),
    issuer: signer === null ? name : signer.tbsCertificate.subject,
    validity: new Validity({ notBefore: request.notBefore, notAfter: request.notAfter }),
    subject: name,
    subjectPublicKeyInfo: publicKeyInfo(publicKey),
    extensions: new Extensions([
      ...caExtensions(),
      extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(keyId)),
      extension(
        id_ce_authorityKeyIdentifier,
        false,
        new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(issuerKeyId) }),
      ),
    ]),
  });
  const signature = signAsn(body, key);
  const certificate = new Certificate({
    tbsCertificate: body,
    signatureAlgorithm: signatureAlgorithm(key),
    signatureValue: signature,
  });
  return new X509Certificate(Buffer.from(AsnConvert.serialize(certificate)));
}

/** What makes a certificate one of a CA. */
export function caExtensions(): readonly Extension[] {
  const usages = KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment | KeyUsageFlags.keyCertSign;
  return [
    extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: true })),
    extension(id_ce_keyUsage, true, new KeyUsage(usages)),
  ];
}

/** `CN=…` */
export function commonName(text: string): Name {
  const value = new AttributeValue({ utf8String: text });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })])]);
}

export function signatureAlgorithm(key: KeyObject): AlgorithmIdentifier {
  return key.asymmetricKeyType === 'ec'
    ? new AlgorithmIdentifier({ algorithm: ECDSA_SHA256 })
    : new AlgorithmIdentifier({ algorithm: RSA_SHA256, parameters: DER_NULL });
}

export function publicKeyInfo(key: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(spki(key), SubjectPublicKeyInfo);
}

/** The signature over what `part` becomes in DER. */
export function signAsn(part: object, key: KeyObject): ArrayBuffer {
  return toArrayBuffer(sign('sha256', Buffer.from(AsnConvert.serialize(part)), key));
}

function parse(certificate: X509Certificate): Certificate {
  return AsnConvert.parse(certificate.raw, Certificate);
}

function extension(id: string, critical: boolean, value: object): Extension {
  return new Extension({
    extnID: id,
    critical,
    extnValue: new OctetString(AsnConvert.serialize(value)),
  });
}

function keyIdOf({ tbsCertificate }: Certificate): ArrayBuffer | null {
  const found = tbsCertificate.extensions?.find(({ extnID }) => extnID === id_ce_subjectKeyIdentifier);
  return found === undefined ? null : AsnConvert.parse(found.extnValue, SubjectKeyIdentifier).buffer;
}

/** SHA-1 of the public key's bits, the usual key identifier. */
function identify(key: KeyObject): ArrayBuffer {
  const bits = Buffer.from(publicKeyInfo(key).subjectPublicKey);
  return toArrayBuffer(createHash('sha1').update(bits).digest());
}

function spki(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ type: 'spki', format: 'der' });
}

/** Positive, and never with a leading zero byte, which DER forbids. */
function newSerial(): ArrayBuffer {
  return toArrayBuffer(Buffer.concat([Buffer.from([1]), randomBytes(15)]));
}

function toArrayBuffer(bytes: Buffer): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
