import { stringify } from 'yaml';
import type { PrivateRegistry } from '../domain/cluster.ts';
import { registryHost } from './config-yaml.ts';

/**
 * RKE2's registries.yaml from RKE1's `private_registries`: credentials by host, docker.io mirrored by the default one,
 * and an endpoint without TLS for those that say so. null when no registry is named. The text holds passwords.
 */
export function renderRegistriesYaml(registries: readonly PrivateRegistry[]): string | null {
  if (registries.length === 0) return null;
  const plain = registries.filter((registry) => registry.url.startsWith('http://'));
  const mirrored = registries.filter((registry) => registry.isDefault);
  const mirrors = Object.fromEntries([
    ...plain.map((registry) => [hostOnly(registry.url), { endpoint: [endpointUrl(registry.url)] }] as const),
    ...(mirrored.length === 0
      ? []
      : [['docker.io', { endpoint: mirrored.map((registry) => endpointUrl(registry.url)) }] as const]),
  ]);
  const configs = registries.flatMap((registry) =>
    registry.user === null || registry.password === null
      ? []
      : [
          [
            hostOnly(registry.url),
            { auth: { username: registry.user, password: registry.password.reveal() } },
          ] as const,
        ],
  );
  const document = {
    ...(Object.keys(mirrors).length === 0 ? {} : { mirrors }),
    ...(configs.length === 0 ? {} : { configs: Object.fromEntries(configs) }),
  };
  return stringify(document, {
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'QUOTE_DOUBLE',
    lineWidth: 0,
  });
}

/** `host[:port]`: containerd keys credentials by it, without the path. */
function hostOnly(url: string): string {
  return registryHost(url).replace(/\/.*$/, '');
}

function endpointUrl(url: string): string {
  const scheme = /^https?:\/\//.exec(url)?.[0] ?? 'https://';
  return `${scheme}${hostOnly(url)}`;
}
