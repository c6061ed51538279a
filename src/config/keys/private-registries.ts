import * as z from 'zod';
import { CREDENTIAL_PROVIDER_PATH, REGISTRIES_PATH } from '../../rke2/paths.ts';
import { DEFAULTS } from '../defaults.ts';
import { RegistryUrlSchema } from '../schema/registry-host.ts';
import { FlagSchema, text } from '../schema/scalars.ts';
import { config, file, group, mapped, ours } from './key.ts';

const REGISTRIES = file(REGISTRIES_PATH);
const ECR = [file(CREDENTIAL_PROVIDER_PATH), ours('what kubelets know of Amazon’s plugin')];

const ECR_KEYS = {
  aws_access_key_id: mapped(text('must be text'), {
    description: 'Access key for Amazon’s registry. Without keys the plugin uses the machine’s own role.',
    examples: ['env:AWS_ACCESS_KEY_ID'],
    secret: true,
    becomes: ECR,
  }),
  aws_secret_access_key: mapped(text('must be text'), {
    description: 'The secret that belongs to the access key.',
    examples: ['env:AWS_SECRET_ACCESS_KEY'],
    secret: true,
    becomes: ECR,
  }),
  aws_session_token: mapped(text('must be text'), {
    description: 'The session that belongs to a temporary access key.',
    examples: ['env:AWS_SESSION_TOKEN'],
    secret: true,
    becomes: ECR,
  }),
};

const REGISTRY_KEYS = {
  url: mapped(RegistryUrlSchema, {
    description: '`host[:port][/path]` of the registry, with `http://` before it if it has no TLS.',
    examples: ['registry.example.com:5000'],
    default: `\`${DEFAULTS.registryUrl}\``,
    becomes: [REGISTRIES],
  }),
  user: mapped(text('must be text'), {
    description: 'User for pulling.',
    examples: ['puller'],
    becomes: [REGISTRIES],
  }),
  password: mapped(text('must be text'), {
    description: 'Password for pulling.',
    examples: ['env:REGISTRY_PASSWORD'],
    secret: true,
    becomes: [REGISTRIES],
  }),
  is_default: mapped(FlagSchema, {
    description: 'All of RKE2’s own images come from this registry. At most one.',
    examples: [true],
    default: '`false`',
    becomes: [config('system-default-registry'), REGISTRIES],
  }),
  ecr_credential_plugin: group(
    z.strictObject(ECR_KEYS, {
      error: 'must be a map with `aws_access_key_id`, `aws_secret_access_key` and `aws_session_token`',
    }),
    {
      description:
        'The kubelets ask the plugin `ecr-credential-provider` for passwords of Amazon’s registry. RKE2 does not bring the plugin: it has to lie in /var/lib/rancher/credentialprovider/bin of every node.',
      examples: [
        {
          aws_access_key_id: 'env:AWS_ACCESS_KEY_ID',
          aws_secret_access_key: 'env:AWS_SECRET_ACCESS_KEY',
        },
      ],
    },
  ),
};

/** One registry, in RKE1's form. */
export const PrivateRegistrySchema = z
  .strictObject(REGISTRY_KEYS, { error: 'must be a map with `url`, `user`, `password` and `is_default`' })
  .meta({ examples: [{ url: 'registry.example.com:5000', is_default: true }] });
