import { stringify } from 'yaml';
import type { PrivateRegistry } from '../domain/cluster.ts';
import { registryHost } from './config-yaml.ts';

/**
 * RKE2's registries.yaml from RKE1's `private_registries`: credentials by host, and docker.io mirrored by the default
 * one. null when no registry is named. The text holds passwords.
 */
export function renderRegistriesYaml(registries: readonly PrivateRegistry[]): string | null {
  if (registries.length === 0) return null;
  const mirrored = registries.filter((registry) => registry.isDefault);
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
    ...(mirrored.length === 0
      ? {}
      : { mirrors: { 'docker.io': { endpoint: mirrored.map((registry) => endpointUrl(registry.url)) } } }),
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
