import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, listNames, type Path } from '../finding.ts';
import { pluginsOf } from '../resolve/resolve-admission.ts';

const API: Path = ['services', 'kube-api'];

/** Settings of admission plugins: those that take effect only now, those without effect, and those that undo a profile. */
export function checkAdmission(draft: ClusterDraft): readonly Finding[] {
  return [...checkConfiguration(draft), ...findUnusedLimit(draft), ...findLoosenedProfile(draft)];
}

function checkConfiguration(draft: ClusterDraft): readonly Finding[] {
  const written = draft.services?.['kube-api']?.admission_configuration;
  if (written === undefined) return [];
  const path = [...API, 'admission_configuration'];
  const kind = written['kind'];
  if (kind !== undefined && kind !== 'AdmissionConfiguration') {
    return [
      findingAt([...path, 'kind'], {
        code: 'admission-kind',
        message: `This is a ${String(kind)}, and the API server takes an AdmissionConfiguration.`,
        hint: 'Write `kind: AdmissionConfiguration` with a list of `plugins`, each with `name` and `configuration`.',
      }),
    ];
  }
  const plugins = pluginsOf(written);
  const nameless = plugins.findIndex((plugin) => typeof plugin['name'] !== 'string');
  if (plugins.length === 0 || nameless >= 0) {
    return [
      findingAt(nameless >= 0 ? [...path, 'plugins', nameless] : path, {
        code: 'admission-plugins',
        message:
          nameless >= 0
            ? 'This admission plugin has no `name`.'
            : 'There are no `plugins` in this AdmissionConfiguration.',
        hint: 'Write `plugins`, a list with `name` and `configuration` in each entry.',
      }),
    ];
  }
  return [...findFiles(plugins, path), ...findSilent(plugins, path)];
}

/** RKE2 shows the API server the file itself, but none that it points to. */
function findFiles(plugins: ReturnType<typeof pluginsOf>, path: Path): readonly Finding[] {
  return plugins.flatMap((plugin, index) =>
    typeof plugin['path'] === 'string' && plugin['path'] !== ''
      ? [
          findingAt([...path, 'plugins', index, 'path'], {
            code: 'admission-path',
            severity: 'warning',
            message: `The plugin ${String(plugin['name'])} reads ${plugin['path']}, which must be on every server, and which the API server does not see by itself.`,
            hint: 'Write its contents as `configuration` in place of `path`; or mount it by `extra_binds`.',
          }),
        ]
      : [],
  );
}

function findSilent(plugins: ReturnType<typeof pluginsOf>, path: Path): readonly Finding[] {
  const silent = plugins
    .map((plugin) => String(plugin['name']))
    .filter((name) => name !== 'EventRateLimit' && name !== 'PodSecurity');
  if (silent.length === 0) return [];
  return [
    findingAt(
      path,
      {
        code: 'admission-effective',
        severity: 'warning',
        message: `RKE1 passed over what stands here for ${listNames(silent, 'and')} (a fault of its own); here it takes effect.`,
        hint: 'Look whether it is still meant; leave it out if not.',
      },
      'key',
    ),
  ];
}

function findUnusedLimit(draft: ClusterDraft): readonly Finding[] {
  const limit = draft.services?.['kube-api']?.event_rate_limit;
  if (limit?.configuration === undefined || limit.enabled === true) return [];
  if ('enabled' in limit && limit.enabled === undefined) return [];
  return [
    findingAt(
      [...API, 'event_rate_limit', 'configuration'],
      {
        code: 'event-rate-limit-off',
        severity: 'warning',
        message:
          'The limit of events is described here, but `enabled: true` is missing, so that there is none.',
        hint: 'Add `enabled: true` to `event_rate_limit`, or leave `configuration` out.',
      },
      'key',
    ),
  ];
}

function findLoosenedProfile(draft: ClusterDraft): readonly Finding[] {
  const level = draft.services?.['kube-api']?.pod_security_configuration;
  if (draft.profile !== 'cis' || level !== 'privileged') return [];
  return [
    findingAt([...API, 'pod_security_configuration'], {
      code: 'profile-loosened',
      severity: 'warning',
      message:
        '`profile: cis` restricts pods, and `pod_security_configuration: privileged` takes that away again.',
      hint: 'Leave `pod_security_configuration` out, or write `restricted`.',
    }),
  ];
}
