import { DEFAULTS } from '../defaults.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';

/** Registries: at most one default, each named once, credentials complete. */
export function checkRegistries(draft: ClusterDraft): readonly Finding[] {
  const registries = draft.private_registries ?? [];
  const firstDefault = registries.findIndex((registry) => registry?.is_default === true);
  const urls = registries.map((registry) =>
    !registry || ('url' in registry && registry.url === undefined)
      ? null
      : (registry.url ?? DEFAULTS.registryUrl),
  );
  return registries.flatMap((registry, index) => {
    if (!registry) return [];
    const findings: Finding[] = [];
    const path = ['private_registries', index];
    if (registry.is_default === true && index > firstDefault) {
      findings.push(
        findingAt([...path, 'is_default'], {
          code: 'registry-default-twice',
          message: `Entry ${firstDefault + 1} of \`private_registries\` is the default already, and there is only one.`,
          hint: 'Keep `is_default: true` where RKE2’s own images are.',
        }),
      );
    }
    const first = urls.indexOf(urls[index] ?? null);
    if (urls[index] && first < index) {
      findings.push(
        findingAt([...path, 'url'], {
          code: 'registry-duplicate',
          message: `The registry ${urls[index]} is entry ${first + 1} of \`private_registries\` already.`,
          hint: 'Put both entries together.',
        }),
      );
    }
    return [...findings, ...checkCredentials(registry, path)];
  });
}

function checkCredentials(registry: object, path: Finding['path']): readonly Finding[] {
  const present = ['user', 'password'].filter((key) => key in registry);
  if (present.length !== 1) return [];
  const [there = ''] = present;
  const missing = there === 'user' ? 'password' : 'user';
  return [
    findingAt(
      [...path, there],
      {
        code: 'registry-credentials',
        message: `This registry has a \`${there}\` but no \`${missing}\`.`,
        hint: `Add \`${missing}\`, or leave both out for a registry that anybody may pull from.`,
      },
      'key',
    ),
  ];
}
