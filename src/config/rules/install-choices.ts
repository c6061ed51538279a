import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, type Mistake } from '../finding.ts';

type Install = NonNullable<ClusterDraft['install']>;

/** Keys of `install` that do not go together, each of which would otherwise have no effect. */
export function checkInstallChoices(draft: ClusterDraft): readonly Finding[] {
  const { install } = draft;
  if (!install || ('method' in install && install.method === undefined)) return [];
  const method = install.method ?? ('artifacts' in install ? 'airgap' : 'script');
  const mistakes = method === 'airgap' ? checkAirgap(install) : checkScript(install);
  return mistakes.map(([key, mistake]) =>
    findingAt(['install', key], { code: 'install-conflict', ...mistake }, 'key'),
  );
}

type Named = readonly [key: string, mistake: Mistake];

function checkAirgap(install: Install): readonly Named[] {
  const mistakes: Named[] = [];
  if (!('artifacts' in install)) {
    mistakes.push([
      'method',
      {
        message:
          '`method: airgap` needs the files of a release, and `artifacts` does not say where they are.',
        hint: 'Set `artifacts` to a directory with the tarball, its checksum file and the image bundles.',
      },
    ]);
  }
  if (install.package === 'rpm') {
    mistakes.push([
      'package',
      {
        message:
          'An air-gapped installation unpacks the tarball of `artifacts`; RPM packages come only by `method: script`.',
        hint: 'Leave `package` out; or set `method: script` and drop `artifacts`.',
      },
    ]);
  }
  for (const key of ['channel', 'mirror', 'script', 'fetch'] as const) {
    if (!(key in install)) continue;
    mistakes.push([
      key,
      {
        message: `\`${key}\` has no effect on an air-gapped installation, which takes everything from \`artifacts\`.`,
        hint: `Leave \`${key}\` out; or set \`method: script\` and drop \`artifacts\`.`,
      },
    ]);
  }
  return mistakes;
}

function checkScript(install: Install): readonly Named[] {
  const mistakes: Named[] = [];
  if ('artifacts' in install) {
    mistakes.push([
      'artifacts',
      {
        message: '`artifacts` has no effect with `method: script`, which fetches everything itself.',
        hint: 'Set `method: airgap`, or leave `artifacts` out.',
      },
    ]);
  }
  if (install.package === 'rpm' && 'prefix' in install) {
    mistakes.push([
      'prefix',
      {
        message: '`prefix` has no effect on RPM packages, which go to /usr.',
        hint: 'Leave `prefix` out, or set `package: tar`.',
      },
    ]);
  }
  return mistakes;
}
