import type { KeyObject } from 'node:crypto';
import { Attributes, CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Attribute, Extensions } from '@peculiar/asn1-x509';
import { caExtensions, commonName, publicKeyInfo, signAsn, signatureAlgorithm } from './sign-certificate.ts';

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const LINE = /.{1,64}/g;

/** A request (PKCS #10, PEM) for a CA's certificate with that common name; it asks for what makes it one of a CA. */
export function requestCa(subject: string, key: KeyObject): string {
  const wanted = AsnConvert.serialize(new Extensions([...caExtensions()]));
  const info = new CertificationRequestInfo({
    version: 0,
    subject: commonName(subject),
    subjectPKInfo: publicKeyInfo(key),
    attributes: new Attributes([new Attribute({ type: EXTENSION_REQUEST, values: [wanted] })]),
  });
  const request = new CertificationRequest({
    certificationRequestInfo: info,
    signatureAlgorithm: signatureAlgorithm(key),
    signature: signAsn(info, key),
  });
  const lines = Buffer.from(AsnConvert.serialize(request)).toString('base64').match(LINE) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`;
}
