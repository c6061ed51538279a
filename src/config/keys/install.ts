import * as z from 'zod';
import { DEFAULTS } from '../defaults.ts';
import { showValue } from '../finding.ts';
import { checked, checkUrlCredentials, isHttpUrl, LocalPathSchema, text } from '../schema/scalars.ts';
import { isSecretSource } from '../secret-value.ts';
import { group, ours, own } from './key.ts';

const INSTALL = ours('how RKE2 gets onto the hosts');

const pathOrUrl = (instead?: string) =>
  checked(LocalPathSchema, (value) =>
    value.includes('://') && !isHttpUrl(value)
      ? {
          message: `${showValue(value)} is a URL that cannot be fetched.`,
          hint: 'Write a URL that begins with `https://` or `http://`, or a path.',
        }
      : checkUrlCredentials(value, instead),
  );

const Sha256Schema = checked(text('must be a SHA-256'), (value) =>
  /^[0-9a-fA-F]{64}$/.test(value)
    ? null
    : {
        message: `${showValue(value)} is not a SHA-256, which has 64 digits from 0 to f.`,
        hint: 'Write the first word that `sha256sum sha256sum-amd64.txt` prints.',
      },
);

const ofList = (arch: string) =>
  own(Sha256Schema, {
    description: `SHA-256 of \`sha256sum-${arch}.txt\`.`,
    examples: ['3b0f1e5c9d2a47868f70c1b2a3d4e5f60718293a4b5c6d7e8f9012a3b4c5d6e7'],
    becomes: [ours('which list of checksums is trusted')],
  });

const INSTALL_KEYS = {
  method: own(z.enum(['airgap', 'script'], { error: 'must be `airgap` or `script`' }), {
    description:
      '`airgap`: rke2ctl brings the files of `artifacts`; `script`: the install script fetches them.',
    examples: ['airgap'],
    default: '`airgap` when `install.artifacts` is given, else `script`',
    becomes: [INSTALL],
  }),
  artifacts: own(pathOrUrl('write them as `install.login`'), {
    description:
      'Directory with the files of an RKE2 release, or the URL of one, which the nodes fetch the files from by themselves; `{version}` in it stands for `kubernetes_version`. Every file is verified by the release’s own list of SHA-256 checksums, which this machine fetches; it is trusted as far as HTTPS is, or by `install.checksums`.',
    examples: [
      './rke2-v1.35.7',
      'https://mirror.example.com/rke2/v1.35.7',
      'https://github.com/rancher/rke2/releases/download/{version}',
    ],
    becomes: [INSTALL],
  }),
  checksums: group(
    z.strictObject(
      { amd64: ofList('amd64'), arm64: ofList('arm64') },
      { error: 'must be a map of `amd64` and `arm64`' },
    ),
    {
      origin: 'rke2ctl',
      description:
        'What the lists of checksums at the URL of `artifacts` must be; needed where that is `http://`, as whoever can change the files on their way could change the list, too.',
      examples: [{ amd64: '3b0f1e5c9d2a47868f70c1b2a3d4e5f60718293a4b5c6d7e8f9012a3b4c5d6e7' }],
    },
  ),
  login: own(
    checked(text('must be `user:password`'), (value) =>
      isSecretSource(value) || /^[^:\n]+:[^\n]*$/.test(value)
        ? null
        : {
            message: 'This is not a user and a password with a colon between them.',
            hint: 'Write `user:password`, or better `env:NAME` or `file:PATH` that hold it.',
          },
    ),
    {
      description: 'User and password for the URL of `artifacts`, with a colon between them.',
      examples: ['env:MIRROR_LOGIN'],
      secret: true,
      becomes: [INSTALL],
    },
  ),
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
  script: own(pathOrUrl(), {
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
