import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, type Mistake } from '../finding.ts';
import { isHttpUrl } from '../schema/scalars.ts';

type Install = NonNullable<ClusterDraft['install']>;

/** Keys of `install` that do not go together, each of which would otherwise have no effect. */
export function checkInstallChoices(draft: ClusterDraft): readonly Finding[] {
  const { install } = draft;
  if (!install || ('method' in install && install.method === undefined)) return [];
  const method = install.method ?? ('artifacts' in install ? 'airgap' : 'script');
  const mistakes = method === 'airgap' ? checkAirgap(install) : checkScript(install);
  return [...mistakes, ...checkRemote(draft)].map(([key, mistake]) =>
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
        hint: 'Set `artifacts` to a directory, or the URL of one, with the tarball, its checksum file and the image bundles.',
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

/** What a URL as `artifacts` needs, and what is of use with one alone. */
function checkRemote({ install = {}, kubernetes_version: version }: ClusterDraft): readonly Named[] {
  const { artifacts } = install;
  if (artifacts === undefined && 'artifacts' in install) return [];
  if (artifacts === undefined || !isHttpUrl(artifacts)) {
    return (['checksums', 'login'] as const).flatMap((key): readonly Named[] =>
      key in install
        ? [
            [
              key,
              {
                message: `\`${key}\` belongs to a URL as \`artifacts\`, and there is none.`,
                hint: `Leave \`${key}\` out.`,
              },
            ],
          ]
        : [],
    );
  }
  const mistakes: Named[] = [];
  const isPlain = /^http:/i.test(artifacts);
  if (isPlain && !('checksums' in install)) mistakes.push(['artifacts', UNPINNED]);
  if (isPlain && 'login' in install) mistakes.push(['login', LOGIN_IN_THE_CLEAR]);
  if (artifacts.includes('{version}') && version === undefined) mistakes.push(['artifacts', NO_VERSION]);
  return mistakes;
}

const UNPINNED: Mistake = {
  code: 'artifacts-not-pinned',
  message:
    'What comes by `http://` can be changed by anybody on its way, and the list of checksums that everything is held against comes from the same place.',
  hint: 'Write `https://`; or get `sha256sum-amd64.txt` from a place that you trust and write its own SHA-256 (`sha256sum sha256sum-amd64.txt`) as `install: {checksums: {amd64: …}}`.',
};

const LOGIN_IN_THE_CLEAR: Mistake = {
  code: 'login-in-the-clear',
  severity: 'warning',
  message: 'This login goes to an `http://` address, readable for everybody on its way.',
  hint: 'Write `https://` in `artifacts`.',
};

const NO_VERSION: Mistake = {
  code: 'version-missing',
  message: '`{version}` in this URL stands for `kubernetes_version`, which the file does not have.',
  hint: 'Write `kubernetes_version: v1.35.7+rke2r1`, or whichever it is to be.',
};

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
