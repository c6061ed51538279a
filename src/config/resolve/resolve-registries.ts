import type { NodeFile, Registries, RegistryConfig, RegistryMirror } from '../../domain/cluster.ts';
import { Secret } from '../../domain/secret.ts';
import { OWN_FILES_DIR } from '../../rke2/paths.ts';
import { DEFAULTS } from '../defaults.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import type { RegistriesInput } from '../keys/registries.ts';
import { readLocalFile } from '../local-file.ts';
import { configHost, registryEndpoint, registryHost, withoutScheme } from '../schema/registry-host.ts';
import { readSecret, type SecretContext } from '../secret-value.ts';
import type { Contribution } from './contribution.ts';
import { contributeEcr } from './resolve-ecr.ts';

type Tls = NonNullable<NonNullable<RegistriesInput['configs']>[string]['tls']>;

/**
 * registries.yaml from RKE1's `private_registries` and our `registries`, which add up: of the first come credentials by
 * host, docker.io mirrored by the default one, and an endpoint without TLS for those that say so.
 */
export function resolveRegistries(input: ClusterInput, context: SecretContext): Registries {
  const { registries } = input;
  const main = input.private_registries?.find((entry) => entry.is_default === true);
  return {
    mirrors: { ...mirrorsOfPrivate(input), ...mirrorsOf(registries) },
    configs: { ...configsOfPrivate(input, context), ...configsOf(input, context) },
    systemDefault: main === undefined ? null : withoutScheme(main.url ?? DEFAULTS.registryUrl),
    onlyMirrors: registries?.disable_default_registry_endpoint ?? false,
  };
}

/** What registries need on the nodes beside registries.yaml: certificates, the plugin for Amazon's, the embedded one. */
export function contributeRegistries(input: ClusterInput, context: SecretContext): Partial<Contribution> {
  const ecr = contributeEcr(input, context);
  const files = Object.entries(input.registries?.configs ?? {}).flatMap(([host, { tls }]) =>
    tls === undefined ? [] : carriedFiles(host, tls, context),
  );
  const embedded = input.embedded_registry === true ? { 'embedded-registry': true } : {};
  return {
    server: { ...ecr.server, ...embedded },
    agent: ecr.agent ?? {},
    files: [...files, ...(ecr.files ?? [])],
  };
}

function mirrorsOfPrivate(input: ClusterInput): Record<string, RegistryMirror> {
  const mirrors: Record<string, RegistryMirror> = {};
  for (const { is_default: isDefault, url = DEFAULTS.registryUrl } of input.private_registries ?? []) {
    const host = registryHost(url);
    const endpoints = [registryEndpoint(url)];
    if (url.startsWith('http://')) mirrors[host] = { endpoints, rewrites: {} };
    if (isDefault !== true || host === 'docker.io') continue;
    // Below `host/path` lie the images of docker.io, too, and an endpoint has no path.
    const folder = withoutScheme(url).slice(host.length + 1);
    mirrors['docker.io'] = { endpoints, rewrites: folder === '' ? {} : { '^(.*)$': `${folder}/$1` } };
  }
  return mirrors;
}

function mirrorsOf(registries: RegistriesInput | undefined): Record<string, RegistryMirror> {
  const entries = Object.entries(registries?.mirrors ?? {});
  return Object.fromEntries(
    entries.map(([name, { endpoints = [], rewrites = {} }]) => [name, { endpoints, rewrites }]),
  );
}

function configsOfPrivate(input: ClusterInput, context: SecretContext): Record<string, RegistryConfig> {
  const configs: Record<string, RegistryConfig> = {};
  for (const { password, url = DEFAULTS.registryUrl, user } of input.private_registries ?? []) {
    if (user === undefined || password === undefined) continue;
    const auth = { username: user, password: readSecret(password, context) };
    configs[configHost(registryHost(url))] = { auth, tls: null };
  }
  return configs;
}

/** The login of a host may stand in one place and its TLS in the other. */
function configsOf(input: ClusterInput, context: SecretContext): Record<string, RegistryConfig> {
  const logins = configsOfPrivate(input, context);
  const entries = Object.entries(input.registries?.configs ?? {});
  return Object.fromEntries(
    entries.map(([name, { auth, tls }]): [string, RegistryConfig] => [
      configHost(name),
      {
        auth: auth
          ? { username: auth.username, password: readSecret(auth.password, context) }
          : (logins[configHost(name)]?.auth ?? null),
        tls: tls === undefined ? null : resolveTls(name, tls),
      },
    ]),
  );
}

function resolveTls(host: string, tls: Tls): RegistryConfig['tls'] {
  const placeOf = (part: 'ca' | 'cert' | 'key') => (tls[part] === undefined ? null : carriedPath(host, part));
  return {
    caFile: placeOf('ca'),
    certFile: placeOf('cert'),
    keyFile: placeOf('key'),
    insecureSkipVerify: tls.insecure_skip_verify ?? false,
  };
}

function carriedFiles(host: string, tls: Tls, context: SecretContext): readonly NodeFile[] {
  return (['ca', 'cert', 'key'] as const).flatMap((part): readonly NodeFile[] => {
    const written = tls[part];
    if (written === undefined) return [];
    const text = readLocalFile(written, context);
    return [{ path: carriedPath(host, part), content: part === 'key' ? new Secret(text) : text, on: 'all' }];
  });
}

/** Where a registry's certificate lies on the nodes. */
function carriedPath(host: string, part: 'ca' | 'cert' | 'key'): string {
  const folder = host === '*' ? 'all' : host.replaceAll(/[^A-Za-z0-9.-]/g, '_');
  return `${OWN_FILES_DIR}/registries/${folder}/${{ ca: 'ca.crt', cert: 'client.crt', key: 'client.key' }[part]}`;
}
