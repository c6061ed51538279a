import type { NodeFile, Rke2Value } from '../../domain/cluster.ts';
import type { Secret } from '../../domain/secret.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import { S3_CA_PATH } from '../keys/services/etcd-backup.ts';
import { readSecret, type SecretContext } from '../secret-value.ts';
import { planSnapshots } from '../snapshot-schedule.ts';
import type { Contribution } from './contribution.ts';

type EtcdInput = NonNullable<NonNullable<ClusterInput['services']>['etcd']>;
type S3Input = NonNullable<NonNullable<EtcdInput['backup_config']>['s3backupconfig']>;

/**
 * RKE1's recurring snapshots as RKE2's schedule, count and S3 keys. Nothing is said that the file does not say: without
 * any of the keys RKE2's own defaults hold. A datastore of somebody else's is not snapshotted by RKE2.
 */
export function contributeSnapshots(
  input: ClusterInput,
  etcdNodes: number,
  context: SecretContext,
): Partial<Contribution> {
  const etcd = input.services?.etcd;
  if (!etcd || etcd.external_urls !== undefined || input.datastore !== undefined) return {};
  const plan = planSnapshots(etcd);
  const s3 = etcd.backup_config?.s3backupconfig;
  const timeout = etcd.backup_config?.timeout;
  return {
    server: {
      ...(plan.off && { 'etcd-disable-snapshots': true }),
      ...(plan.cron !== null && {
        'etcd-snapshot-schedule-cron': plan.cron,
        'etcd-snapshot-retention': plan.retention,
      }),
      ...(s3 && s3Values(s3)),
      // In the bucket RKE2 counts the snapshots of all nodes together, and releases of a while kept 5 when nothing was said.
      ...(s3 && plan.cron !== null && { 'etcd-s3-retention': plan.retention * etcdNodes }),
      ...(timeout !== undefined && { 'etcd-s3-timeout': `${timeout}s` }),
    },
    secrets: s3 ? s3Secrets(s3, context) : {},
    files: s3?.custom_ca === undefined ? [] : [s3Ca(s3.custom_ca)],
  };
}

function s3Values(s3: S3Input): Record<string, Rke2Value> {
  return {
    'etcd-s3': true,
    ...(s3.endpoint !== undefined && {
      'etcd-s3-endpoint': s3.endpoint.replace(/^https?:\/\//, '').replace(/\/$/, ''),
    }),
    ...(s3.endpoint?.startsWith('http://') && { 'etcd-s3-insecure': true }),
    ...(s3.bucket_name !== undefined && { 'etcd-s3-bucket': s3.bucket_name }),
    ...(s3.region !== undefined && { 'etcd-s3-region': s3.region }),
    ...(s3.folder !== undefined && { 'etcd-s3-folder': s3.folder }),
    ...(s3.custom_ca !== undefined && { 'etcd-s3-endpoint-ca': S3_CA_PATH }),
    ...(s3.config_secret !== undefined && { 'etcd-s3-config-secret': s3.config_secret }),
  };
}

function s3Secrets(s3: S3Input, context: SecretContext): Record<string, Secret> {
  return {
    ...(s3.access_key !== undefined && { 'etcd-s3-access-key': readSecret(s3.access_key, context) }),
    ...(s3.secret_key !== undefined && { 'etcd-s3-secret-key': readSecret(s3.secret_key, context) }),
    ...(s3.session_token !== undefined && {
      'etcd-s3-session-token': readSecret(s3.session_token, context),
    }),
  };
}

function s3Ca(pem: string): NodeFile {
  return { path: S3_CA_PATH, content: pem, on: 'servers' };
}
