import * as z from 'zod';
import { OWN_FILES_DIR } from '../../../rke2/paths.ts';
import { showValue } from '../../finding.ts';
import { checked, FlagSchema, text } from '../../schema/scalars.ts';
import { config, file, group, mapped } from '../key.ts';
import { ObjectSchema } from './object.ts';

/** Where the audit policy lies on the servers. */
export const AUDIT_POLICY_PATH = `${OWN_FILES_DIR}/audit-policy.yaml`;

const FLAGS = config('kube-apiserver-arg');

function counts(what: string) {
  const must = { error: `must be a whole number of ${what}` };
  return z.number(must).int(must).min(0, must);
}

const AUDIT_CONFIGURATION_KEYS = {
  max_age: mapped(counts('days'), {
    description: 'Days that old files of the audit log are kept; 0 keeps them for ever.',
    examples: [30],
    default: '`30`',
    becomes: [FLAGS],
  }),
  max_backup: mapped(counts('files'), {
    description: 'How many old files of the audit log are kept; 0 keeps them all.',
    examples: [10],
    default: '`10`',
    becomes: [FLAGS],
  }),
  max_size: mapped(counts('megabytes'), {
    description: 'Megabytes after which a new file is begun.',
    examples: [100],
    default: '`100`',
    becomes: [FLAGS],
  }),
  path: mapped(
    checked(text('must be an absolute path on the servers'), (path) =>
      path === '-' || /^\/[^:\s]*[^:\s/]$/.test(path)
        ? null
        : {
            message: `${showValue(path)} is not the path of a file on the servers.`,
            hint: 'Write an absolute one, such as `/var/log/kube-audit/audit-log.json`.',
          },
    ),
    {
      description: 'File on the servers that the audit log is written to; RKE2 makes its directory.',
      examples: ['/var/log/kube-audit/audit-log.json'],
      default: '`server/logs/audit.log` in RKE2’s data directory',
      becomes: [FLAGS],
    },
  ),
  format: mapped(z.enum(['json', 'legacy'], { error: 'must be `json` or `legacy`' }), {
    description: 'Format of the audit log.',
    examples: ['json'],
    default: '`json`',
    becomes: [FLAGS],
  }),
  policy: mapped(ObjectSchema, {
    description: 'What is logged: a Policy of audit.k8s.io/v1, as Kubernetes has it.',
    examples: [{ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] }],
    default: 'a policy that logs who asked for what, without the contents (`Metadata`)',
    verbatim: true,
    becomes: [file(AUDIT_POLICY_PATH)],
  }),
};

/** RKE1's audit log. */
export const AUDIT_LOG_KEYS = {
  enabled: mapped(FlagSchema, {
    description: 'Whether the API server writes an audit log. RKE1 did unless told otherwise, RKE2 does not.',
    examples: [true],
    default: '`false`',
    becomes: [config('audit-policy-file'), file(AUDIT_POLICY_PATH)],
  }),
  configuration: group(
    z.strictObject(AUDIT_CONFIGURATION_KEYS, {
      error: 'must be a map with `policy`, `path`, `format`, `max_age`, `max_backup` and `max_size`',
    }),
    {
      description: 'What is logged, where, and how long it is kept.',
      examples: [{ max_age: 30, max_backup: 10, max_size: 100 }],
    },
  ),
};
