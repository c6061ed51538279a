import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';

/** An external datastore is named once, and its certificate comes with its key. */
export function checkDatastore(draft: ClusterDraft): readonly Finding[] {
  const etcd = draft.services?.etcd ?? {};
  const findings: Finding[] = [];
  if (draft.datastore !== undefined && 'external_urls' in etcd) {
    findings.push(
      findingAt(
        ['services', 'etcd', 'external_urls'],
        {
          code: 'datastore-named-twice',
          message: '`datastore` at the top of the file names an external datastore already.',
          hint: 'Keep one of the two.',
        },
        'key',
      ),
    );
  }
  if (!('external_urls' in etcd)) {
    const useless = (['ca_cert', 'cert', 'key'] as const).filter((key) => key in etcd);
    return [...findings, ...findHalves(draft), ...useless.map(explainUseless)];
  }
  return [...findings, ...findHalves(draft)];
}

function explainUseless(key: string): Finding {
  return findingAt(
    ['services', 'etcd', key],
    {
      code: 'datastore-certificate-alone',
      severity: 'warning',
      message: `\`${key}\` has no effect: it is for an external etcd, and \`external_urls\` names none.`,
      hint: 'Leave it out, or add `external_urls`. RKE2 makes the certificates of its own etcd.',
    },
    'key',
  );
}

function findHalves(draft: ClusterDraft): readonly Finding[] {
  const places = [
    { holder: draft.datastore, path: ['datastore'] },
    ...('external_urls' in (draft.services?.etcd ?? {})
      ? [{ holder: draft.services?.etcd, path: ['services', 'etcd'] }]
      : []),
  ];
  return places.flatMap(({ holder, path }) => {
    const there = ['cert', 'key'].filter((key) => holder !== undefined && key in holder);
    const [only] = there;
    if (there.length !== 1 || only === undefined) return [];
    const missing = only === 'cert' ? 'key' : 'cert';
    return [
      findingAt(
        [...path, only],
        {
          code: 'datastore-certificate-half',
          message: `\`${only}\` is of no use without \`${missing}\`: RKE2 needs both to log in to the datastore.`,
          hint: `Add \`${missing}\`, or leave both out.`,
        },
        'key',
      ),
    ];
  });
}
