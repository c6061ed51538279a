import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, listNames, type Path } from '../finding.ts';

const AUDIT: Path = ['services', 'kube-api', 'audit_log'];

/** An audit log that is described must be turned on; and what RKE1 took for 0 is something else here. */
export function checkAuditLog(draft: ClusterDraft): readonly Finding[] {
  const audit = draft.services?.['kube-api']?.audit_log;
  const configuration = audit?.configuration;
  if (!audit || !configuration || Object.keys(configuration).length === 0) return [];
  if ('enabled' in audit && audit.enabled === undefined) return [];
  if (audit.enabled !== true) {
    return [
      findingAt(
        [...AUDIT, 'configuration'],
        {
          code: 'audit-log-off',
          severity: 'warning',
          message:
            'The audit log is described here, but `enabled: true` is missing, so that none is written.',
          hint: 'Add `enabled: true` to `audit_log`, or leave `configuration` out.',
        },
        'key',
      ),
    ];
  }
  const missing = (['max_age', 'max_backup'] as const).filter((key) => !(key in configuration));
  if (missing.length === 0) return [];
  const limits = { max_age: '30 days', max_backup: '10 old files' };
  return [
    findingAt(
      [...AUDIT, 'configuration'],
      {
        code: 'audit-log-partial',
        severity: 'warning',
        message: `Without ${listNames(missing, 'and')} RKE1 kept every audit log for ever; RKE2 keeps ${missing.map((key) => limits[key]).join(' and ')}.`,
        hint: `Write what is meant: ${missing.map((key) => `\`${key}: ${key === 'max_age' ? 30 : 10}\``).join(' and ')}, or 0 to keep all.`,
      },
      'key',
    ),
  ];
}
