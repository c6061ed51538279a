import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, type Path } from '../finding.ts';
import { COMPONENTS, type ServiceName } from '../keys/services/component.ts';
import { type Bind, parseBind } from '../schema/bind.ts';

/** Mounts of components: no place is mounted twice, which would make the pod invalid; and SELinux labels stay as they are. */
export function checkExtraBinds(draft: ClusterDraft): readonly Finding[] {
  const services = (Object.keys(COMPONENTS) as ServiceName[]).filter((each) => each !== 'kubelet');
  return services.flatMap((service) => {
    const written = draft.services?.[service]?.extra_binds ?? [];
    const binds = written.map((each) => (each === undefined ? null : readBind(each)));
    const path = ['services', service, 'extra_binds'];
    return [...findTwice(binds, listOwnMounts(service, draft), path), ...findLabels(binds, path)];
  });
}

function readBind(written: string): Bind | null {
  const bind = parseBind(written);
  return 'message' in bind ? null : bind;
}

/** Directories of CA certificates that RKE2 mounts into these components where the host has them. */
const CA_FOLDERS: readonly string[] = [
  '/etc/ssl/certs',
  '/etc/pki/tls/certs',
  '/etc/ca-certificates',
  '/usr/local/share/ca-certificates',
  '/usr/share/ca-certificates',
];

/** Places that RKE2 mounts by itself, and why. */
function listOwnMounts(service: ServiceName, draft: ClusterDraft): ReadonlyMap<string, string> {
  const own = new Map<string, string>();
  if (service === 'kube-api' || service === 'kube-controller') {
    for (const folder of CA_FOLDERS) own.set(folder, 'for the certificates of well-known CAs');
  }
  for (const [flag, value] of Object.entries(draft.services?.[service]?.extra_args ?? {})) {
    if (/^\/.*\.\w+$/.test(String(value))) own.set(String(value), `because the flag \`${flag}\` names it`);
  }
  if (service === 'kube-api') {
    const { audit_log: audit, extra_args: flags } = draft.services?.['kube-api'] ?? {};
    const written = audit?.enabled === true ? audit.configuration?.path : flags?.['audit-log-path'];
    if (written !== undefined && String(written).startsWith('/'))
      own.set(String(written).replace(/\/[^/]*$/, ''), 'because the audit log lies there');
  }
  return own;
}

function findTwice(
  binds: readonly (Bind | null)[],
  own: ReadonlyMap<string, string>,
  path: Path,
): readonly Finding[] {
  const targets = binds.map((bind) => bind?.target.replace(/(?<=.)\/$/, ''));
  return targets.flatMap((target, index) => {
    if (target === undefined) return [];
    const first = targets.indexOf(target);
    const reason = own.get(target);
    if (reason === undefined && first === index) return [];
    const message =
      reason === undefined
        ? `Entry ${first + 1} mounts something at ${target} already; mounted twice, the component would not start.`
        : `RKE2 mounts ${target} by itself, ${reason}; mounted twice, the component would not start.`;
    const hint = reason === undefined ? 'Keep one of the two.' : 'Leave this mount out.';
    return [findingAt([...path, index], { code: 'mount-twice', message, hint })];
  });
}

/** Docker's `z` and `Z`: RKE2 leaves the labels of what it mounts alone. */
function findLabels(binds: readonly (Bind | null)[], path: Path): readonly Finding[] {
  const index = binds.findIndex((bind) => bind?.relabels === true);
  if (index < 0) return [];
  return [
    findingAt([...path, index], {
      code: 'mount-label',
      severity: 'warning',
      message: 'Docker’s option `z` is dropped: RKE2 does not change the SELinux labels of what it mounts.',
      hint: 'Leave it out; where the hosts run SELinux, label the path yourself (`chcon -Rt container_file_t PATH`).',
    }),
  ];
}
