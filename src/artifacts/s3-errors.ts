import { ArtifactError } from '../domain/errors.ts';
import type { S3Settings } from '../rke2/s3-settings.ts';

/** What an S3 server says in its XML of a refusal. */
export interface S3Refusal {
  readonly status: number;
  /** `NoSuchBucket`; empty where it says nothing, as to a HEAD. */
  readonly code: string;
  readonly message: string;
}

const KEYS = '`services.etcd.backup_config.s3backupconfig`';

/** What to do about a refusal, by S3's own word for it. */
const ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: `Make the bucket, or mend \`bucket_name\` below ${KEYS}.`,
  InvalidAccessKeyId: `The server knows no such \`access_key\`: mend it below ${KEYS}.`,
  SignatureDoesNotMatch: `The \`secret_key\` is not that of the \`access_key\`: mend it below ${KEYS}.`,
  ExpiredToken: `The session token has ended: get a new one, with its keys, and mend them below ${KEYS}.`,
  InvalidToken: `The session token is not that of these keys: mend it below ${KEYS}.`,
  AccessDenied:
    'These keys may not do that: let them list the bucket, and read, write and delete what is in it.',
  RequestTimeTooSkewed: 'The clock of this machine is wrong: set it.',
  PermanentRedirect: `The bucket is elsewhere: mend \`endpoint\` and \`region\` below ${KEYS}.`,
  AuthorizationHeaderMalformed: `The bucket is in another region: mend \`region\` below ${KEYS}.`,
  NoSuchKey: '`rke2ctl etcd snapshot-list` shows which snapshots there are.',
};

/** A server that answered, and refused. */
export function s3Refused(settings: S3Settings, what: string, refusal: S3Refusal): ArtifactError {
  const { status, code, message } = refusal;
  const known = code === '' ? codeOfStatus(status) : code;
  const words = [known, message].filter((part) => part !== '').join(': ') || `status ${status}`;
  return new ArtifactError({
    code: known === 'NoSuchKey' ? 's3-no-such-object' : 's3-refused',
    message: `${what}: ${placeOf(settings)} refused: ${words.replace(/\.$/, '')}.`,
    hint:
      ADVICE[known] ??
      (status >= 500
        ? 'The server is not well (its disk may be full): see its own log, then run the same command again.'
        : `Compare the keys below ${KEYS} with what the server wants.`),
    retryable: status >= 500,
  });
}

/** A HEAD is answered without words. */
function codeOfStatus(status: number): string {
  if (status === 403) return 'AccessDenied';
  return status === 404 ? 'NoSuchKey' : '';
}

/** A server that could not be spoken to. */
export function s3Unreachable(settings: S3Settings, what: string, cause: unknown): ArtifactError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const isTrust = /CERT|SELF_SIGNED|ISSUER|LEAF_SIGNATURE|ALTNAME/.test(code);
  return new ArtifactError({
    code: isTrust ? 's3-certificate' : 's3-unreachable',
    message: `${what}: ${placeOf(settings)} ${isTrust ? 'shows a certificate that is not trusted' : 'cannot be reached from here'}: ${message || code}.`,
    hint: isTrust
      ? `Put the PEM of the CA that signed it into \`custom_ca\` below ${KEYS}${code.includes('ALTNAME') ? ', and name the server in `endpoint` as its certificate does' : ''}.`
      : `Look at \`endpoint\` below ${KEYS} and at the way there from this machine; only the servers may be let in. What lies on the nodes can be used without it.`,
    retryable: !isTrust,
    cause,
  });
}

/** `the bucket backups at minio.example.com:9000`. */
export function placeOf({ bucket, endpoint }: S3Settings): string {
  return `the bucket ${bucket} at ${endpoint}`;
}
