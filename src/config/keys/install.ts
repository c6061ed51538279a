import * as z from 'zod';
import { showValue } from '../finding.ts';
import { checked, checkUrlCredentials, isHttpUrl, LocalPathSchema, text } from '../schema/scalars.ts';

const PathOrUrlSchema = checked(LocalPathSchema, (value) =>
  value.includes('://') && !isHttpUrl(value)
    ? {
        message: `${showValue(value)} is a URL that cannot be fetched.`,
        hint: 'Write a URL that begins with `https://` or `http://`, or a path.',
      }
    : checkUrlCredentials(value),
);

/** How RKE2 gets onto the nodes. Which version is `kubernetes_version` and nothing else. */
export const InstallSchema = z.strictObject(
  {
    method: z
      .enum(['airgap', 'script'], { error: 'must be `airgap` or `script`' })
      .meta({
        description:
          '`airgap`: rke2ctl brings the files of `artifacts`; `script`: the install script fetches them. Default: airgap when `artifacts` is given.',
        examples: ['airgap'],
      })
      .optional(),
    artifacts: PathOrUrlSchema.meta({
      description: 'Directory or URL with the files of an RKE2 release.',
      examples: ['./rke2-v1.35.7'],
    }).optional(),
    channel: checked(text('must be the name of a channel'), (channel) =>
      /^[A-Za-z0-9][\w.-]*$/.test(channel)
        ? null
        : {
            message: `${showValue(channel)} cannot be the name of a channel.`,
            hint: 'Write `stable`, `latest`, or a minor version such as `v1.35`.',
          },
    )
      .meta({
        description: 'Asked once for the version when `kubernetes_version` is absent. Default stable.',
        examples: ['stable', 'v1.35'],
      })
      .optional(),
    package: z
      .enum(['tar', 'rpm'], { error: 'must be `tar` or `rpm`' })
      .meta({ description: 'What the install script installs. Default tar.', examples: ['tar'] })
      .optional(),
    mirror: checked(text('must be `cn` or a URL'), (mirror) =>
      mirror === 'cn' || isHttpUrl(mirror)
        ? checkUrlCredentials(mirror)
        : {
            message: `${showValue(mirror)} is no mirror that rke2ctl knows.`,
            hint: 'Write `cn` for the Chinese mirror, or the base URL of your own.',
          },
    )
      .meta({
        description: 'Where script, channels and releases are fetched instead of the official places.',
        examples: ['cn', 'https://mirror.example.com/rke2'],
      })
      .optional(),
    script: PathOrUrlSchema.meta({
      description: 'URL or file of the install script.',
      examples: ['./install.sh'],
    }).optional(),
    fetch: z
      .enum(['host', 'operator'], { error: 'must be `host` or `operator`' })
      .meta({
        description:
          'Who fetches the install script: each host, or the machine that runs rke2ctl. Default host.',
        examples: ['host'],
      })
      .optional(),
    prefix: checked(text('must be an absolute path on the hosts'), (prefix) =>
      /^\/[\w./+-]+$/.test(prefix) && !prefix.split('/').includes('..')
        ? null
        : {
            message: `${showValue(prefix)} cannot be the place that RKE2 is unpacked to.`,
            hint: 'Write an absolute path without blanks, such as `/opt/rke2`.',
          },
    )
      .meta({
        description: 'Where the hosts unpack RKE2. Default /usr/local, or /opt/rke2 where that is read-only.',
        examples: ['/opt/rke2'],
      })
      .optional(),
  },
  { error: 'must be a map with `method`, `artifacts`, …' },
);
