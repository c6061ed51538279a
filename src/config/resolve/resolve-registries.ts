import type { Registries, RegistryConfig, RegistryMirror } from '../../domain/cluster.ts';
import { Secret } from '../../domain/secret.ts';
import { DEFAULTS } from '../defaults.ts';
import type { ClusterInput } from '../keys/cluster.ts';

/**
 * registries.yaml from RKE1's `private_registries`: credentials by host, docker.io mirrored by the default one, and an
 * endpoint without TLS for those that say so.
 */
export function resolveRegistries(input: ClusterInput): Registries {
  const entries = (input.private_registries ?? []).map((each) => ({
    ...each,
    url: each.url ?? DEFAULTS.registryUrl,
  }));
  const main = entries.find((entry) => entry.is_default === true);
  const mirrors: Record<string, RegistryMirror> = {};
  const configs: Record<string, RegistryConfig> = {};
  for (const { url, user, password } of entries) {
    if (url.startsWith('http://')) mirrors[hostOf(url)] = { endpoints: [endpointOf(url)], rewrites: {} };
    if (user === undefined || password === undefined) continue;
    configs[hostOf(url)] = { auth: { username: user, password: new Secret(password) }, tls: null };
  }
  if (main !== undefined) mirrors['docker.io'] = { endpoints: [endpointOf(main.url)], rewrites: {} };
  return {
    mirrors,
    configs,
    systemDefault: main === undefined ? null : withoutScheme(main.url),
    onlyMirrors: false,
  };
}

/** `host[:port][/path]`, as `system-default-registry` takes it. */
function withoutScheme(url: string): string {
  return url.replace(/^[a-z]+:\/\//, '').replace(/\/+$/, '');
}

/** `host[:port]`: containerd keys credentials by it, without the path. */
function hostOf(url: string): string {
  return withoutScheme(url).replace(/\/.*$/, '');
}

function endpointOf(url: string): string {
  return `${/^https?:\/\//.exec(url)?.[0] ?? 'https://'}${hostOf(url)}`;
}
