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
    return [...findTwice(binds, auditFolder(service, draft), path), ...findLabels(binds, path)];
  });
}

function readBind(written: string): Bind | null {
  const bind = parseBind(written);
  return 'message' in bind ? null : bind;
}

/** The directory of the audit log, which RKE2 mounts itself. */
function auditFolder(service: string, draft: ClusterDraft): string | null {
  const audit = draft.services?.['kube-api']?.audit_log;
  const path = audit?.configuration?.path;
  if (service !== 'kube-api' || audit?.enabled !== true || path === undefined || path === '-') return null;
  return path.replace(/\/[^/]*$/, '');
}

function findTwice(binds: readonly (Bind | null)[], own: string | null, path: Path): readonly Finding[] {
  const targets = binds.map((bind) => bind?.target.replace(/(?<=.)\/$/, ''));
  return targets.flatMap((target, index) => {
    if (target === undefined) return [];
    if (target === own) {
      return [
        findingAt([...path, index], {
          code: 'mount-twice',
          message: `RKE2 mounts ${target} by itself, since the audit log lies there; mounted twice, the API server would not start.`,
          hint: 'Leave this mount out.',
        }),
      ];
    }
    const first = targets.indexOf(target);
    if (first === index) return [];
    return [
      findingAt([...path, index], {
        code: 'mount-twice',
        message: `Entry ${first + 1} mounts something at ${target} already; mounted twice, the component would not start.`,
        hint: 'Keep one of the two.',
      }),
    ];
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
