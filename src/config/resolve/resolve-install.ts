import path from 'node:path';
import type { Install, RemoteArtifacts } from '../../domain/cluster.ts';
import { Secret } from '../../domain/secret.ts';
import { DEFAULTS } from '../defaults.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import { isHttpUrl } from '../schema/scalars.ts';
import { readSecret, type SecretContext } from '../secret-value.ts';

type InstallInput = NonNullable<ClusterInput['install']>;

/** How RKE2 gets onto the hosts. A URL's query becomes a secret: with many servers it is what grants access. */
export function resolveInstall(input: InstallInput, context: SecretContext): Install {
  const toPlace = (place: string | undefined): string | null =>
    place === undefined ? null : isHttpUrl(place) ? place.replace(/\/+$/, '') : context.toAbsolute(place);
  const isRemote = input.artifacts !== undefined && isHttpUrl(input.artifacts);
  return {
    method: input.method ?? (input.artifacts === undefined ? 'script' : 'airgap'),
    artifacts: toPlace(isRemote ? input.artifacts?.replace(/[?#].*$/, '') : input.artifacts),
    remote: isRemote ? resolveRemote(input, context) : null,
    channel: input.channel ?? DEFAULTS.channel,
    package: input.package ?? DEFAULTS.package,
    mirror: input.mirror?.replace(/\/+$/, '') ?? null,
    script: toPlace(input.script),
    fetch: input.fetch ?? DEFAULTS.fetch,
    prefix: input.prefix === undefined ? null : path.posix.resolve(input.prefix),
  };
}

function resolveRemote(
  { artifacts = '', login, checksums = {} }: InstallInput,
  context: SecretContext,
): RemoteArtifacts {
  const query = /\?([^#]*)/.exec(artifacts)?.[1] ?? '';
  return {
    login: login === undefined ? null : readSecret(login, context),
    query: query === '' ? null : new Secret(query),
    checksums: Object.fromEntries(
      Object.entries(checksums).flatMap(([arch, sum]) =>
        sum === undefined ? [] : [[arch, sum.toLowerCase()] as const],
      ),
    ),
  };
}
