import { splitStrategies, WEBHOOK_PATH } from '../keys/authentication.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import { readSecret, type SecretContext } from '../secret-value.ts';
import type { Contribution } from './contribution.ts';

/** The webhook that is asked about tokens. RKE2 mounts the files that its flags name into the API server by itself. */
export function contributeAuthentication(input: ClusterInput, context: SecretContext): Partial<Contribution> {
  const { strategy = 'x509', webhook } = input.authentication ?? {};
  if (!splitStrategies(strategy).includes('webhook') || webhook?.config_file === undefined) return {};
  return {
    server: {
      'kube-apiserver-arg': [
        `authentication-token-webhook-config-file=${WEBHOOK_PATH}`,
        `authentication-token-webhook-cache-ttl=${webhook.cache_timeout ?? '5s'}`,
      ],
    },
    files: [{ path: WEBHOOK_PATH, content: readSecret(webhook.config_file, context), on: 'servers' }],
  };
}
