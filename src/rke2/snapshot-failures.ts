/** Why RKE2 refuses what has to do with snapshots, by its own words. */
interface SnapshotFailure {
  readonly pattern: RegExp;
  readonly hint: string;
}

const KEYS = '`services.etcd.backup_config.s3backupconfig`';
const AGAIN = 'run `rke2ctl up`, and then this again';

const FAILURES: readonly SnapshotFailure[] = [
  {
    pattern: /bucket \S+ does not exist|NoSuchBucket|specified bucket does not exist/i,
    hint: `S3 has no such bucket: make it, or mend \`bucket_name\` below ${KEYS}, ${AGAIN}.`,
  },
  {
    pattern: /InvalidAccessKeyId|access key id you provided does not exist/i,
    hint: `S3 knows no such access key: mend \`access_key\` below ${KEYS}, ${AGAIN}.`,
  },
  {
    pattern: /SignatureDoesNotMatch|signature we calculated does not match/i,
    hint: `The secret key is wrong: mend \`secret_key\` below ${KEYS}, ${AGAIN}.`,
  },
  {
    pattern:
      /x509:|certificate signed by unknown authority|unable to (get|verify)[\w ]*(issuer|certificate)|self.signed certificate/i,
    hint: `The servers do not trust the certificate of S3: put the PEM of its CA into \`custom_ca\` below ${KEYS}, ${AGAIN}.`,
  },
  {
    pattern: /s3.*(access denied|forbidden|403)|(access denied|forbidden).*bucket/i,
    hint: `S3 refuses the servers’ keys: \`access_key\` and \`secret_key\` below ${KEYS} are wrong, or may not list, read and write the bucket.`,
  },
  {
    pattern: /failed to get credentials/i,
    hint: `The servers have no keys for S3: name \`access_key\` and \`secret_key\` below ${KEYS}, ${AGAIN}.`,
  },
  {
    pattern: /s3.*(connection refused|no such host|timeout|ECONNREFUSED|ENOTFOUND)/i,
    hint: `S3 cannot be reached from the servers: look at \`endpoint\` below ${KEYS} and at their way there.`,
  },
  {
    pattern: /no space left on device|ENOSPC|disk quota exceeded/i,
    hint: 'The disk of that host is full: `rke2ctl etcd snapshot-prune` makes room; then run this again.',
  },
  {
    pattern: /failed to get etcd-snapshot-dir|snapshot-dir.*no such file/i,
    hint: 'Make the directory that `etcd-snapshot-dir` names on every etcd node: RKE2 makes none but its own.',
  },
];

/** What to do about it; null when the words are none of those that are known. */
export function explainSnapshotFailure(words: readonly string[]): string | null {
  const text = words.join('\n');
  return FAILURES.find(({ pattern }) => pattern.test(text))?.hint ?? null;
}
