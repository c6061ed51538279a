import * as z from 'zod';
import { OWN_FILES_DIR, REGISTRIES_PATH } from '../../rke2/paths.ts';
import { EndpointUrlSchema } from '../schema/registry-host.ts';
import { FlagSchema, LocalPathSchema, text } from '../schema/scalars.ts';
import { config, file, group, own, required } from './key.ts';

const REGISTRIES = file(REGISTRIES_PATH);
const CARRIED = file(`${OWN_FILES_DIR}/registries/*`);
const OURS = 'rke2ctl';

const MirrorSchema = z.strictObject(
  {
    endpoints: own(z.array(EndpointUrlSchema, { error: 'must be a list of URLs' }), {
      description: 'Where the images are pulled from instead, tried in this order; `http://` without TLS.',
      examples: [['https://registry.example.com:5000']],
      becomes: [REGISTRIES],
    }),
    rewrites: own(
      z.record(z.string(), text('must be text'), {
        error: 'must be a map of regular expressions and what is written in their place',
      }),
      {
        description:
          'Regular expressions on the path of an image (`library/nginx`), each with what is written in its place; `$1` is the first bracket.',
        examples: [{ '^(.*)$': 'mirror/$1' }],
        becomes: [REGISTRIES],
      },
    ),
  },
  { error: 'must be a map with `endpoints` and `rewrites`; `{}` when only the nodes share its images' },
);

const AuthSchema = z.strictObject(
  {
    username: required(
      own(text('must be text'), {
        description: 'User for pulling.',
        examples: ['puller'],
        becomes: [REGISTRIES],
      }),
    ),
    password: required(
      own(text('must be text'), {
        description: 'Password for pulling.',
        examples: ['env:REGISTRY_PASSWORD'],
        secret: true,
        becomes: [REGISTRIES],
      }),
    ),
  },
  { error: 'must be a map with `username` and `password`' },
);

const TlsSchema = z.strictObject(
  {
    ca: own(LocalPathSchema, {
      description:
        'File beside cluster.yml with the CA that signed the registry’s certificate; the nodes get a copy.',
      examples: ['./registry-ca.crt'],
      becomes: [CARRIED, REGISTRIES],
    }),
    cert: own(LocalPathSchema, {
      description: 'File beside cluster.yml with the certificate that the nodes show; together with `key`.',
      examples: ['./registry-client.crt'],
      becomes: [CARRIED, REGISTRIES],
    }),
    key: own(LocalPathSchema, {
      description: 'File beside cluster.yml with the private key of `cert`.',
      examples: ['./registry-client.key'],
      becomes: [CARRIED, REGISTRIES],
    }),
    insecure_skip_verify: own(FlagSchema, {
      description:
        'Take any certificate of the registry’s. Whoever stands in between can then change images.',
      examples: [true],
      default: '`false`',
      becomes: [REGISTRIES],
    }),
  },
  { error: 'must be a map with `ca`, `cert`, `key` and `insecure_skip_verify`' },
);

const ConfigSchema = z.strictObject(
  {
    auth: group(AuthSchema, {
      origin: OURS,
      description: 'Who the nodes are at this registry.',
      examples: [{ username: 'puller', password: 'env:REGISTRY_PASSWORD' }],
    }),
    tls: group(TlsSchema, {
      origin: OURS,
      description: 'How the nodes check this registry’s certificate.',
      examples: [{ ca: './registry-ca.crt' }],
    }),
  },
  { error: 'must be a map with `auth` and `tls`' },
);

/** registries.yaml in full: what `private_registries` has no words for. */
export const RegistriesSchema = z.strictObject(
  {
    mirrors: group(
      z.record(z.string(), MirrorSchema, { error: 'must be a map of registries, each with `endpoints`' }),
      {
        origin: OURS,
        description:
          'By name of a registry (`docker.io`, `"*"` for all): where its images come from instead.',
        examples: [{ 'docker.io': { endpoints: ['https://registry.example.com:5000'] } }],
      },
    ),
    configs: group(
      z.record(z.string(), ConfigSchema, {
        error: 'must be a map of registries (`host:port`), each with `auth` or `tls`',
      }),
      {
        origin: OURS,
        description: 'By `host[:port]` of an endpoint: how that registry is talked to.',
        examples: [{ 'registry.example.com:5000': { tls: { ca: './registry-ca.crt' } } }],
      },
    ),
    disable_default_registry_endpoint: own(FlagSchema, {
      description: 'Never ask a mirrored registry itself when its mirrors fail.',
      examples: [true],
      default: '`false`',
      becomes: [config('disable-default-registry-endpoint')],
    }),
  },
  { error: 'must be a map with `mirrors`, `configs` and `disable_default_registry_endpoint`' },
);

/** Top-level keys about registries that RKE1 did not have. */
export const REGISTRIES_KEYS = {
  registries: group(RegistriesSchema, {
    origin: OURS,
    description: 'Mirrors of registries, and how registries are talked to.',
    examples: [{ mirrors: { 'docker.io': { endpoints: ['https://registry.example.com:5000'] } } }],
  }),
  embedded_registry: own(FlagSchema, {
    description:
      'The nodes share images that they have with each other. It works for registries that `registries.mirrors` names, `"*": {}` names all.',
    examples: [true],
    default: '`false`',
    becomes: [config('embedded-registry')],
  }),
};

export type RegistriesInput = z.output<typeof RegistriesSchema>;
