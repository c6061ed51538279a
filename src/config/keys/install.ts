import * as z from 'zod';
import { DEFAULTS } from '../defaults.ts';
import { showValue } from '../finding.ts';
import { checked, checkUrlCredentials, isHttpUrl, LocalPathSchema, text } from '../schema/scalars.ts';
import { ours, own } from './key.ts';

const INSTALL = ours('how RKE2 gets onto the hosts');

const PathOrUrlSchema = checked(LocalPathSchema, (value) =>
  value.includes('://') && !isHttpUrl(value)
    ? {
        message: `${showValue(value)} is a URL that cannot be fetched.`,
        hint: 'Write a URL that begins with `https://` or `http://`, or a path.',
      }
    : checkUrlCredentials(value),
);

const INSTALL_KEYS = {
  method: own(z.enum(['airgap', 'script'], { error: 'must be `airgap` or `script`' }), {
    description:
      '`airgap`: rke2ctl brings the files of `artifacts`; `script`: the install script fetches them.',
    examples: ['airgap'],
    default: '`airgap` when `install.artifacts` is given, else `script`',
    becomes: [INSTALL],
  }),
  artifacts: own(PathOrUrlSchema, {
    description: 'Directory with the files of an RKE2 release. A URL is refused for now.',
    examples: ['./rke2-v1.35.7'],
    becomes: [INSTALL],
  }),
  channel: own(
    checked(text('must be the name of a channel'), (channel) =>
      /^[A-Za-z0-9][\w.-]*$/.test(channel)
        ? null
        : {
            message: `${showValue(channel)} cannot be the name of a channel.`,
            hint: 'Write `stable`, `latest`, or a minor version such as `v1.35`.',
          },
    ),
    {
      description: 'Asked once for the version when `kubernetes_version` is absent.',
      examples: ['stable', 'v1.35'],
      default: `\`${DEFAULTS.channel}\``,
      becomes: [ours('which version is installed')],
    },
  ),
  package: own(z.enum(['tar', 'rpm'], { error: 'must be `tar` or `rpm`' }), {
    description: 'What the install script installs.',
    examples: ['tar'],
    default: `\`${DEFAULTS.package}\``,
    becomes: [INSTALL],
  }),
  mirror: own(
    checked(text('must be `cn` or a URL'), (mirror) =>
      mirror === 'cn' || isHttpUrl(mirror)
        ? checkUrlCredentials(mirror)
        : {
            message: `${showValue(mirror)} is no mirror that rke2ctl knows.`,
            hint: 'Write `cn` for the Chinese mirror, or the base URL of your own.',
          },
    ),
    {
      description: 'Where script, channels and releases are fetched instead of the official places.',
      examples: ['cn', 'https://mirror.example.com/rke2'],
      becomes: [INSTALL],
    },
  ),
  script: own(PathOrUrlSchema, {
    description: 'URL or file of the install script.',
    examples: ['./install.sh'],
    default: 'the official one, or the one of `install.mirror`',
    becomes: [INSTALL],
  }),
  fetch: own(z.enum(['host', 'operator'], { error: 'must be `host` or `operator`' }), {
    description: 'Who fetches the install script: each host, or the machine that runs rke2ctl.',
    examples: ['host'],
    default: `\`${DEFAULTS.fetch}\``,
    becomes: [INSTALL],
  }),
  prefix: own(
    checked(text('must be an absolute path on the hosts'), (prefix) =>
      /^\/[\w./+-]+$/.test(prefix) && !prefix.split('/').includes('..')
        ? null
        : {
            message: `${showValue(prefix)} cannot be the place that RKE2 is unpacked to.`,
            hint: 'Write an absolute path without blanks, such as `/opt/rke2`.',
          },
    ),
    {
      description: 'Where the hosts unpack RKE2.',
      examples: ['/opt/rke2'],
      default: '`/usr/local`, or `/opt/rke2` where that is read-only or a mount point',
      becomes: [INSTALL],
    },
  ),
};

/** How RKE2 gets onto the nodes. Which version is `kubernetes_version` and nothing else. */
export const InstallSchema = z.strictObject(INSTALL_KEYS, {
  error: 'must be a map with `method`, `artifacts`, …',
});
