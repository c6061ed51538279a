import { Secret } from '../../domain/secret.ts';
import { CREDENTIAL_PROVIDER_PATH } from '../../rke2/paths.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import { registryHost } from '../schema/registry-host.ts';
import { readSecret, type SecretContext } from '../secret-value.ts';
import type { Contribution } from './contribution.ts';
import { yamlText } from './yaml-text.ts';

/** Amazon's registries in all of its partitions, where the file names none. */
const ALL = ['*.dkr.ecr.*.amazonaws.com', '*.dkr.ecr.*.amazonaws.com.cn', '*.dkr.ecr-fips.*.amazonaws.com'];

/**
 * The kubelets' list of credential plugins, with Amazon's in it. Access keys stand in that file (0600) as the plugin's
 * environment, so that neither the service nor anything else on the node sees them.
 */
export function contributeEcr(input: ClusterInput, context: SecretContext): Partial<Contribution> {
  const entries = (input.private_registries ?? []).filter(
    (entry) => entry.ecr_credential_plugin !== undefined,
  );
  const [first] = entries;
  if (first === undefined) return {};
  const hosts = entries.flatMap(({ url }) => (url === undefined ? ALL : [registryHost(url)]));
  const keys = Object.entries(first.ecr_credential_plugin ?? {}).flatMap(([name, written]) =>
    written === undefined ? [] : [{ name: name.toUpperCase(), value: readSecret(written, context).reveal() }],
  );
  const provider = {
    name: 'ecr-credential-provider',
    matchImages: [...new Set(hosts)],
    defaultCacheDuration: '12h',
    apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
    args: ['get-credentials'],
    ...(keys.length > 0 && { env: keys }),
  };
  const content = yamlText({
    apiVersion: 'kubelet.config.k8s.io/v1',
    kind: 'CredentialProviderConfig',
    providers: [provider],
  });
  const values = { 'image-credential-provider-config': CREDENTIAL_PROVIDER_PATH };
  return {
    server: values,
    agent: values,
    files: [
      { path: CREDENTIAL_PROVIDER_PATH, content: keys.length > 0 ? new Secret(content) : content, on: 'all' },
    ],
  };
}
