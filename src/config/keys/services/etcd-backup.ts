import * as z from 'zod';
import { OWN_FILES_DIR } from '../../../rke2/paths.ts';
import { showValue } from '../../finding.ts';
import { CronSchema } from '../../schema/cron.ts';
import { checked, FlagSchema, text } from '../../schema/scalars.ts';
import { config, file, group, mapped, own, warned } from '../key.ts';

/** Where the CA of an S3 server lies on the servers. */
export const S3_CA_PATH = `${OWN_FILES_DIR}/etcd-s3-ca.crt`;

const S3_KEYS = {
  bucket_name: mapped(text('must be the name of a bucket'), {
    description: 'Bucket that snapshots are copied to.',
    examples: ['cluster-backups'],
    becomes: [config('etcd-s3-bucket'), config('etcd-s3')],
  }),
  endpoint: mapped(
    checked(text('must be `host` or `host:port`'), (endpoint) =>
      /^(https?:\/\/)?[A-Za-z0-9[][\w.:[\]-]*\/?$/.test(endpoint)
        ? null
        : {
            message: `${showValue(endpoint)} is not the address of an S3 server.`,
            hint: 'Write `host` or `host:port`, such as `s3.amazonaws.com` or `minio.example.com:9000`; `http://` before it for one without TLS.',
          },
    ),
    {
      description:
        'The S3 server, `host` or `host:port`; `http://` before it for one without TLS. For AWS: `s3.amazonaws.com`.',
      examples: ['s3.amazonaws.com', 'minio.example.com:9000'],
      becomes: [config('etcd-s3-endpoint'), config('etcd-s3-insecure')],
    },
  ),
  region: mapped(text('must be the name of a region'), {
    description: 'Region of the bucket.',
    examples: ['eu-central-1'],
    default: '`us-east-1`',
    becomes: [config('etcd-s3-region')],
  }),
  folder: mapped(text('must be the name of a folder'), {
    description: 'Folder in the bucket.',
    examples: ['prod'],
    becomes: [config('etcd-s3-folder')],
  }),
  access_key: mapped(text('must be text'), {
    description: 'Access key; together with `secret_key`. Without both, the servers’ own IAM role is used.',
    examples: ['env:S3_ACCESS_KEY'],
    secret: true,
    becomes: [config('etcd-s3-access-key')],
  }),
  secret_key: mapped(text('must be text'), {
    description: 'Secret key; together with `access_key`.',
    examples: ['env:S3_SECRET_KEY'],
    secret: true,
    becomes: [config('etcd-s3-secret-key')],
  }),
  session_token: own(text('must be text'), {
    description:
      'Session token of temporary keys; together with both. It ends with them, and a new one reaches RKE2 only by `up`, which restarts the servers.',
    examples: ['env:S3_SESSION_TOKEN'],
    secret: true,
    becomes: [config('etcd-s3-session-token')],
  }),
  custom_ca: mapped(text('must be the text of a certificate'), {
    description: 'Certificate (PEM) of the CA that signed the S3 server’s own.',
    examples: ['-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----'],
    verbatim: true,
    becomes: [file(S3_CA_PATH), config('etcd-s3-endpoint-ca')],
  }),
  config_secret: own(text('must be the name of a Secret'), {
    description:
      'Name of a Secret in kube-system that holds the settings of S3 instead of the other keys here. Restores do not read it.',
    examples: ['etcd-s3'],
    becomes: [config('etcd-s3-config-secret'), config('etcd-s3')],
  }),
};

const COUNT = {
  error: 'must be a whole number of snapshots to keep: below `backup_config` it counts snapshots, not hours',
};

const HOURS = { error: 'must be a whole number of hours' };

const SECONDS = { error: 'must be a whole number of seconds' };

/** RKE1's recurring snapshots. */
export const ETCD_BACKUP_KEYS = {
  enabled: mapped(FlagSchema, {
    description: 'Whether RKE2 takes snapshots by itself.',
    examples: [true],
    default: '`true`',
    becomes: [config('etcd-disable-snapshots')],
  }),
  interval_hours: mapped(z.number(HOURS).int(HOURS).min(1, HOURS), {
    description:
      'Hours between two snapshots. RKE2 has a cron line for it, so that the steps are even only if they divide 24, or are 24 or 168.',
    examples: [12],
    default: '`12`',
    becomes: [config('etcd-snapshot-schedule-cron')],
  }),
  schedule: own(CronSchema, {
    description: 'When snapshots are taken, as a cron line, instead of `interval_hours`.',
    examples: ['30 3 * * *'],
    becomes: [config('etcd-snapshot-schedule-cron')],
  }),
  retention: mapped(z.number(COUNT).int(COUNT).min(1, COUNT), {
    description:
      'How many snapshots each etcd node keeps; a count, not hours. In S3, where RKE2 counts those of all nodes together, as many times the number of etcd nodes, unless `rke2.server.etcd-s3-retention` says otherwise.',
    examples: [6],
    default: '`6`',
    becomes: [config('etcd-snapshot-retention')],
  }),
  timeout: mapped(z.number(SECONDS).int(SECONDS).min(1, SECONDS), {
    description: 'Seconds that a copy to S3 may take.',
    examples: [300],
    default: '`300`',
    becomes: [config('etcd-s3-timeout')],
  }),
  safe_timestamp: warned({
    description: 'Left the colons out of the names of snapshots.',
    why: 'RKE2 names its snapshots with plain numbers for the time, never with colons.',
    instead: 'Leave the key out.',
  }),
  s3backupconfig: group(
    z.strictObject(S3_KEYS, {
      error: 'must be a map with `bucket_name`, `endpoint`, `access_key`, `secret_key`, …',
    }),
    {
      description: 'S3 server that every snapshot is copied to.',
      examples: [{ bucket_name: 'cluster-backups', endpoint: 's3.amazonaws.com', region: 'eu-central-1' }],
    },
  ),
};
