import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, type Mistake, type Path } from '../finding.ts';

const S3: Path = ['services', 'etcd', 'backup_config', 's3backupconfig'];

/** S3 needs to know bucket and server, and either both keys or none. */
export function checkS3(draft: ClusterDraft): readonly Finding[] {
  const s3 = draft.services?.etcd?.backup_config?.s3backupconfig;
  if (!s3) return [];
  const missing: Mistake[] = [];
  if (!('config_secret' in s3)) {
    if (!('bucket_name' in s3)) {
      missing.push({
        code: 's3-incomplete',
        message: 'Snapshots cannot be copied to S3 without the name of a bucket.',
        hint: 'Add `bucket_name`.',
      });
    }
    if (!('endpoint' in s3)) {
      missing.push({
        code: 's3-incomplete',
        message: 'Snapshots cannot be copied to S3 without its address.',
        hint: 'Add `endpoint`, such as `s3.amazonaws.com` or `minio.example.com:9000`.',
      });
    }
  }
  const keys = (['access_key', 'secret_key'] as const).filter((key) => key in s3);
  const [there] = keys;
  return [
    ...missing.map((mistake) => findingAt(S3, mistake, 'key')),
    ...(keys.length === 1 && there !== undefined ? [explainHalf(there)] : []),
    ...(keys.length === 0 && 'session_token' in s3 ? [explainLoneToken()] : []),
  ];
}

function explainHalf(there: 'access_key' | 'secret_key'): Finding {
  const missing = there === 'access_key' ? 'secret_key' : 'access_key';
  return findingAt(
    [...S3, there],
    {
      code: 's3-credentials',
      message: `\`${there}\` is of no use without \`${missing}\`.`,
      hint: `Add \`${missing}\`, or leave both out where the servers’ own IAM role lets them write.`,
    },
    'key',
  );
}

function explainLoneToken(): Finding {
  return findingAt(
    [...S3, 'session_token'],
    {
      code: 's3-credentials',
      message: '`session_token` is of no use without the keys that it came with.',
      hint: 'Add `access_key` and `secret_key`, or leave it out.',
    },
    'key',
  );
}
