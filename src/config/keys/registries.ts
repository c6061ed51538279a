import * as z from 'zod';
import { REGISTRIES_PATH } from '../../rke2/paths.ts';
import { DEFAULTS } from '../defaults.ts';
import { showValue } from '../finding.ts';
import { checked, FlagSchema, text } from '../schema/scalars.ts';
import { config, file, mapped } from './key.ts';

const HOST =
  /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:(\d{1,5}))?(\/[A-Za-z0-9._-]+)*$/;

const RegistryUrlSchema = checked(text('must be `host[:port][/path]`'), (url) => {
  const shown = showValue(url);
  const scheme = /^([^/]*?):\/\//.exec(url)?.[1];
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    return {
      message: `The registry ${shown} is written with the scheme ${scheme}.`,
      hint: `Write \`${url.replace(/^.*?:\/\/(.*@)?/, '').replace(/\/+$/, '') || 'registry.example.com:5000'}\`: it is reached by https, or by http with \`http://\` before it.`,
    };
  }
  const match = HOST.exec(url.replace(/^https?:\/\//, '').replace(/\/+$/, ''));
  if (match && (match[4] === undefined || (Number(match[4]) >= 1 && Number(match[4]) <= 65535))) return null;
  return {
    message: `${shown} is not the address of a registry.`,
    hint: 'Write `host`, `host:port` or `host:port/path`, such as `registry.example.com:5000`; `http://` before it for one without TLS.',
  };
});

const REGISTRIES = file(REGISTRIES_PATH);

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
};

/** One registry, in RKE1's form. */
export const RegistrySchema = z
  .strictObject(REGISTRY_KEYS, { error: 'must be a map with `url`, `user`, `password` and `is_default`' })
  .meta({ examples: [{ url: 'registry.example.com:5000', is_default: true }] });
