import type { JsonMap, Registries, RegistryConfig } from '../domain/cluster.ts';
import { quotedYaml } from './quoted-yaml.ts';

/** RKE2's registries.yaml; null when there is nothing to say in it. The text holds passwords. */
export function renderRegistriesYaml({ mirrors, configs }: Registries): string | null {
  const document = {
    ...section('mirrors', mirrors, ({ endpoints, rewrites }) => ({
      ...(endpoints.length > 0 && { endpoint: endpoints }),
      ...(Object.keys(rewrites).length > 0 && { rewrite: rewrites }),
    })),
    ...section('configs', configs, renderConfig),
  };
  if (Object.keys(document).length === 0) return null;
  return quotedYaml(document);
}

function section<T>(
  name: string,
  entries: Readonly<Record<string, T>>,
  render: (entry: T) => JsonMap,
): JsonMap {
  const rendered = Object.entries(entries).map(([key, entry]) => [key, render(entry)] as const);
  return rendered.length === 0 ? {} : { [name]: Object.fromEntries(rendered) };
}

function renderConfig({ auth, tls }: RegistryConfig): JsonMap {
  return {
    ...(auth !== null && { auth: { username: auth.username, password: auth.password.reveal() } }),
    ...(tls !== null && {
      tls: {
        ...(tls.caFile !== null && { ca_file: tls.caFile }),
        ...(tls.certFile !== null && { cert_file: tls.certFile }),
        ...(tls.keyFile !== null && { key_file: tls.keyFile }),
        ...(tls.insecureSkipVerify && { insecure_skip_verify: true }),
      },
    }),
  };
}
