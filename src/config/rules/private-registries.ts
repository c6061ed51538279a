import { CREDENTIAL_PROVIDER_DIR } from '../../rke2/paths.ts';
import { DEFAULTS } from '../defaults.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';

/** RKE1's registries: at most one default, each named once, credentials complete, one set of keys for Amazon's. */
export function checkPrivateRegistries(draft: ClusterDraft): readonly Finding[] {
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
    return [...findings, ...checkCredentials(registry, path), ...checkEcr(registry, path, draft)];
  });
}

type Registry = NonNullable<NonNullable<ClusterDraft['private_registries']>[number]>;

function checkCredentials(registry: Registry, path: Finding['path']): readonly Finding[] {
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

/** RKE2 has one list of credential plugins for a node, and does not bring Amazon's plugin. */
function checkEcr(registry: Registry, path: Finding['path'], draft: ClusterDraft): readonly Finding[] {
  const { ecr_credential_plugin: keys } = registry;
  if (keys === undefined) return [];
  const place = [...path, 'ecr_credential_plugin'];
  const [first] = (draft.private_registries ?? []).flatMap((each) => each?.ecr_credential_plugin ?? []);
  if (first !== undefined && JSON.stringify(first) !== JSON.stringify(keys)) {
    return [
      findingAt(
        place,
        {
          code: 'registry-ecr-twice',
          message: 'Another registry has other AWS keys, and the kubelets take one set of them.',
          hint: 'Write the same keys in both entries: one account that may pull from both registries.',
        },
        'key',
      ),
    ];
  }
  const id = keys.aws_access_key_id === undefined;
  if (id !== (keys.aws_secret_access_key === undefined)) {
    return [
      findingAt(
        place,
        {
          code: 'registry-credentials',
          message: `\`${id ? 'aws_secret_access_key' : 'aws_access_key_id'}\` is of no use without \`${id ? 'aws_access_key_id' : 'aws_secret_access_key'}\`.`,
          hint: 'Write both; or neither, and the plugin uses the role of the machines.',
        },
        'key',
      ),
    ];
  }
  if (first !== keys) return [];
  const side = (['server', 'agent'] as const).find(
    (each) => 'image-credential-provider-config' in (draft.rke2?.[each] ?? {}),
  );
  if (side !== undefined) {
    return [
      findingAt(
        place,
        {
          code: 'registry-ecr-twice',
          message: `\`rke2.${side}.image-credential-provider-config\` names another list of plugins, and the kubelets take one.`,
          hint: 'Leave the key out here and put Amazon’s plugin into that list; or the other way round.',
        },
        'key',
      ),
    ];
  }
  return [
    findingAt(
      place,
      {
        code: 'registry-ecr-plugin',
        severity: 'warning',
        message:
          'RKE1 brought the plugin that asks Amazon for passwords; RKE2 does not, and without it no image comes from there.',
        hint: `Put \`ecr-credential-provider\` into ${CREDENTIAL_PROVIDER_DIR} of every node before \`up\`.`,
      },
      'key',
    ),
  ];
}
