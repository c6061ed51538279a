import type { JsonMap } from '../../domain/cluster.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import { AUDIT_POLICY_PATH } from '../keys/services/audit-log.ts';
import type { Contribution } from './contribution.ts';
import { yamlText } from './yaml-text.ts';

/** RKE1's own policy: who asked for what, and when. */
const METADATA: JsonMap = { rules: [{ level: 'Metadata' }] };

/**
 * The API server's audit log. RKE2 mounts the policy and the log's directory by itself; a second mount of the same path
 * would make the pod invalid.
 */
export function contributeAuditLog(input: ClusterInput): Partial<Contribution> {
  const audit = input.services?.['kube-api']?.audit_log;
  if (audit?.enabled !== true) return {};
  const { configuration = {} } = audit;
  const flags = {
    'audit-log-maxage': configuration.max_age,
    'audit-log-maxbackup': configuration.max_backup,
    'audit-log-maxsize': configuration.max_size,
    'audit-log-path': configuration.path,
    'audit-log-format': configuration.format,
  };
  const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', ...(configuration.policy ?? METADATA) };
  const args = Object.entries(flags).flatMap(([flag, value]) =>
    value === undefined ? [] : [`${flag}=${value}`],
  );
  return {
    server: {
      'audit-policy-file': AUDIT_POLICY_PATH,
      ...(args.length > 0 && { 'kube-apiserver-arg': args }),
    },
    files: [{ path: AUDIT_POLICY_PATH, content: yamlText(policy), on: 'servers' }],
  };
}
