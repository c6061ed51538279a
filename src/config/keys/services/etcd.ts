import * as z from 'zod';
import { OWN_FILES_DIR } from '../../../rke2/paths.ts';
import { showValue } from '../../finding.ts';
import { checked, FlagSchema, text } from '../../schema/scalars.ts';
import { config, file, group, mapped, refused, warned } from '../key.ts';
import { argumentKeys, containerKeys, lostKeys } from './component.ts';
import { ETCD_BACKUP_KEYS } from './etcd-backup.ts';

/** Where the certificates for an external datastore lie on the servers. */
export const DATASTORE_PATHS = {
  ca: `${OWN_FILES_DIR}/datastore-ca.crt`,
  cert: `${OWN_FILES_DIR}/datastore-client.crt`,
  key: `${OWN_FILES_DIR}/datastore-client.key`,
} as const;

const EtcdUrlSchema = checked(text('must be a URL such as `https://10.0.0.21:2379`'), (url) => {
  const parsed = /^https?:\/\/[^/@\s,]+\/?$/.test(url) && URL.canParse(url);
  return parsed
    ? null
    : {
        message: `${showValue(url)} is not the URL of an etcd member.`,
        hint: 'Write one URL per entry, without a path and without a password, such as `https://10.0.0.21:2379`.',
      };
});

/** What a Go duration of RKE1's looks like: `12h`, `1h30m`, `5m0s`. */
const PERIOD = /^(\d+h)?(\d+m)?(\d+s)?$/;

function periods(example: string, must: string) {
  return checked(text(must), (written) =>
    written !== '' && PERIOD.test(written) && /[1-9]/.test(written)
      ? null
      : {
          message: `${showValue(written)} is not a length of time in hours and minutes.`,
          hint: `Write such as \`${example}\`.`,
        },
  );
}

const AS_ETCD_USER = {
  why: 'RKE2 runs etcd as root, or with `profile: cis` as the user named etcd.',
  instead:
    'Leave the key out; with `profile: cis` make the user on the hosts, or write `prepare: [cis-user]`.',
};

const CERTIFICATE = '-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----';

/** etcd: where it is, its snapshots, its flags. */
export const ETCD_KEYS = {
  snapshot: mapped(FlagSchema, {
    description: 'Whether RKE2 takes snapshots by itself.',
    examples: [true],
    default: '`true`: one every 12 hours, of which 5 are kept on each etcd node',
    becomes: [config('etcd-disable-snapshots')],
  }),
  backup_config: group(
    z.strictObject(ETCD_BACKUP_KEYS, {
      error: 'must be a map with `interval_hours`, `retention` and `s3backupconfig`',
    }),
    {
      description: 'How often snapshots are taken, how many are kept, and whether they are copied to S3.',
      examples: [{ interval_hours: 12, retention: 6 }],
    },
  ),
  creation: mapped(
    periods('12h', 'must be a time such as `12h`: without `backup_config` it is no plain number'),
    {
      description: 'Time between two snapshots in the older form, without `backup_config`.',
      examples: ['12h'],
      default: '`12h`',
      becomes: [config('etcd-snapshot-schedule-cron')],
    },
  ),
  retention: mapped(
    periods('72h', 'must be a time such as `72h`: without `backup_config` it is hours, and no count'),
    {
      description:
        'How long snapshots are kept in the older form. RKE2 counts snapshots, so it becomes the number that fits in.',
      examples: ['72h'],
      default: '`72h`',
      becomes: [config('etcd-snapshot-retention')],
    },
  ),
  external_urls: mapped(
    z
      .array(EtcdUrlSchema, { error: 'must be a list of URLs' })
      .min(1, { error: 'must name at least one URL' }),
    {
      description: 'Members of an etcd of your own; no node has the role `etcd` then.',
      examples: [['https://10.0.0.21:2379', 'https://10.0.0.22:2379']],
      becomes: [config('datastore-endpoint')],
    },
  ),
  ca_cert: mapped(text('must be the text of a certificate'), {
    description: 'Certificate (PEM) of the CA that signed those of `external_urls`.',
    examples: [CERTIFICATE],
    verbatim: true,
    becomes: [file(DATASTORE_PATHS.ca), config('datastore-cafile')],
  }),
  cert: mapped(text('must be the text of a certificate'), {
    description: 'Certificate (PEM) that the servers show to `external_urls`; together with `key`.',
    examples: [CERTIFICATE],
    verbatim: true,
    becomes: [file(DATASTORE_PATHS.cert), config('datastore-certfile')],
  }),
  key: mapped(text('must be text'), {
    description: 'Private key (PEM) of `cert`.',
    examples: ['file:./etcd-client.key'],
    secret: true,
    verbatim: true,
    becomes: [file(DATASTORE_PATHS.key), config('datastore-keyfile')],
  }),
  path: refused({
    description: 'Prefix of the keys in an external etcd.',
    why: 'RKE2 keeps its data below /registry and /bootstrap there, so that two clusters in one etcd would overwrite each other.',
    instead: 'Give this cluster an etcd of its own in `external_urls`, and leave `path` out.',
    harmless: ['/registry'],
  }),
  uid: warned({ description: 'User that etcd and its files belonged to.', ...AS_ETCD_USER }),
  gid: warned({ description: 'Group that etcd and its files belonged to.', ...AS_ETCD_USER }),
  ...argumentKeys('etcd', 'max-request-bytes'),
  ...containerKeys('etcd'),
  ...lostKeys('etcd'),
};
