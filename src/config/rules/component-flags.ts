import { findFlagTrouble, findGonePlugins } from '../../rke2/component-flags.ts';
import { findGoneGates, knownFlags } from '../../rke2/known-flags.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, listNames, type Mistake, showValue } from '../finding.ts';
import { listFlags, type WrittenFlag } from '../list-flags.ts';
import { findNearestName } from '../nearest-name.ts';

/** Flags of components: none that RKE2 gives itself, none that is gone, none twice, no file of RKE1's. */
export function checkComponentFlags(draft: ClusterDraft): readonly Finding[] {
  const flags = listFlags(draft);
  return [
    ...flags.flatMap((flag) => {
      const mistake = explainName(flag) ?? explainTrouble(flag);
      if (mistake) return [findingAt(flag.path, mistake, flag.isKey ? 'key' : 'value')];
      const wrong = explainPlugins(flag) ?? explainGates(flag) ?? explainFile(flag);
      if (wrong) return [findingAt(flag.path, wrong)];
      const slip = explainSlip(flag);
      return slip ? [findingAt(flag.path, slip, flag.isKey ? 'key' : 'value')] : [];
    }),
    ...findTwice(draft, flags),
  ];
}

function explainName({ name, from }: WrittenFlag): Mistake | null {
  if (!from.startsWith('extra_') || /^[A-Za-z][\w.-]*$/.test(name)) return null;
  const plain = name.replace(/^-+/, '').replace(/=.*$/, '');
  return {
    code: 'flag-name',
    message: `${showValue(name)} cannot be the name of a flag.`,
    hint: /^[A-Za-z][\w.-]*$/.test(plain)
      ? `Write \`${plain}\`, without dashes in front and without \`=\`.`
      : 'Write the flag’s name without dashes in front, such as `max-pods`.',
  };
}

function explainTrouble({ component, name }: WrittenFlag): Mistake | null {
  const trouble = findFlagTrouble(component, name);
  if (trouble === null) return null;
  return trouble.kind === 'owned'
    ? {
        code: 'flag-owned',
        message: `RKE2 gives ${component} the flag \`${name}\` itself, and it cannot be set here.`,
        hint: trouble.hint,
      }
    : {
        code: 'flag-gone',
        message: `${component} has no flag \`${name}\` any more, and would not start with it.`,
        hint: trouble.hint,
      };
}

function explainPlugins({ component, name, value }: WrittenFlag): Mistake | null {
  if (component !== 'kube-apiserver' || name !== 'enable-admission-plugins' || value === null) return null;
  const gone = findGonePlugins(value);
  if (gone.length === 0) return null;
  return {
    code: 'admission-plugin-gone',
    message: `Kubernetes has no admission plugin ${listNames(gone, 'and')} any more, and the API server would not start.`,
    hint: gone.includes('PodSecurityPolicy')
      ? 'Take it out of the list; `pod_security_configuration: restricted` restricts pods in its place.'
      : 'Take it out of the list.',
  };
}

function explainGates({ component, name, value }: WrittenFlag): Mistake | null {
  const gone = name === 'feature-gates' && component !== 'etcd' ? findGoneGates(value ?? '') : [];
  if (gone.length === 0) return null;
  return {
    code: 'feature-gate-gone',
    message: `${component} has no feature gate ${listNames(gone)} any more, and would not start with it.`,
    hint: 'Leave it out: what it turned on is always on since, or was given up.',
  };
}

/** A flag that rke2ctl has never heard of, and that looks like one that it has. */
function explainSlip({ component, name }: WrittenFlag): Mistake | null {
  const known = knownFlags(component);
  const nearest = known.includes(name) ? null : findNearestName(name, known);
  if (nearest === null || !isSlip(name, nearest)) return null;
  return {
    code: 'flag-unknown',
    severity: 'warning',
    message: `\`${name}\` is no flag of ${component} that rke2ctl knows; with one that does not exist, ${component} does not start.`,
    hint: `Did you mean \`${nearest}\`?`,
  };
}

/** Whether two names differ in one place, by no more than two letters. */
function isSlip(one: string, other: string): boolean {
  const shortest = Math.min(one.length, other.length);
  let start = 0;
  while (start < shortest && one[start] === other[start]) start++;
  let end = 0;
  while (end < shortest - start && one.at(-1 - end) === other.at(-1 - end)) end++;
  return Math.max(one.length, other.length) - start - end <= 2;
}

function explainFile({ component, name, value }: WrittenFlag): Mistake | null {
  const path = /\/etc\/kubernetes\/(ssl\/[^,\s]*|cloud-config|admission\.yaml|audit-policy\.yaml)/.exec(
    value ?? '',
  );
  if (!path) return null;
  return {
    code: 'flag-rke1-file',
    message: `\`${name}\` of ${component} names ${path[0]}, a file that RKE1 made and that the nodes of RKE2 do not have.`,
    hint: 'Leave the flag out if RKE2 takes care of it; else name a file of your own that is on the hosts.',
  };
}

/** Flags that `extra_args` and another key both set: which of the two would win is nobody's guess. */
function findTwice(draft: ClusterDraft, flags: readonly WrittenFlag[]): readonly Finding[] {
  const others = listSpoken(draft);
  return flags.flatMap((flag) => {
    if (flag.from !== 'extra_args') return [];
    const isRepeated = flags.some(
      (each) =>
        each.from === 'extra_args_array' && each.component === flag.component && each.name === flag.name,
    );
    const key = isRepeated ? 'extra_args_array' : others.get(`${flag.component} ${flag.name}`);
    if (key === undefined) return [];
    return [
      findingAt(
        flag.path,
        {
          code: 'flag-twice',
          message: `\`${flag.name}\` is set here and by \`${key}\` as well.`,
          hint: 'Keep one of the two.',
        },
        'key',
      ),
    ];
  });
}

/** Flags that other keys of the file become, and those keys. */
function listSpoken(draft: ClusterDraft): ReadonlyMap<string, string> {
  const { audit_log: audit } = draft.services?.['kube-api'] ?? {};
  const spoken = new Map<string, string>();
  const names = {
    max_age: 'maxage',
    max_backup: 'maxbackup',
    max_size: 'maxsize',
    path: 'path',
    format: 'format',
  };
  for (const [key, flag] of Object.entries(names)) {
    if (audit?.enabled === true && key in (audit.configuration ?? {}))
      spoken.set(`kube-apiserver audit-log-${flag}`, `audit_log.configuration.${key}`);
  }
  if (audit?.enabled === true) spoken.set('kube-apiserver audit-policy-file', 'audit_log');
  if (draft.authentication?.webhook !== undefined) {
    const webhook = 'authentication.webhook';
    spoken.set('kube-apiserver authentication-token-webhook-config-file', `${webhook}.config_file`);
    spoken.set('kube-apiserver authentication-token-webhook-cache-ttl', `${webhook}.cache_timeout`);
  }
  if (draft.services?.kubelet?.fail_swap_on !== undefined)
    spoken.set('kubelet fail-swap-on', 'services.kubelet.fail_swap_on');
  return spoken;
}
