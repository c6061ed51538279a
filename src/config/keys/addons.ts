import * as z from 'zod';
import { MANIFEST_PREFIX, manifestsDir } from '../../rke2/paths.ts';
import { DEFAULTS } from '../defaults.ts';
import { showValue } from '../finding.ts';
import { checked, isHttpUrl, LocalPathSchema, text } from '../schema/scalars.ts';
import { file, mapped, ours } from './key.ts';

const IncludeSchema = checked(LocalPathSchema, (place) =>
  place.includes('://') && !isHttpUrl(place)
    ? {
        message: `${showValue(place)} is a URL that cannot be fetched.`,
        hint: 'Write a URL that begins with `https://` or `http://`, or the path of a file.',
      }
    : null,
);

const TimeoutSchema = z
  .number({ error: 'must be a number of seconds' })
  .int({ error: 'must be a whole number of seconds' })
  .min(0, { error: 'must be a number of seconds, 0 or more' })
  .max(86_400, { error: 'must be at most 86400 seconds' });

/** Manifests of the user's. */
export const ADDON_KEYS = {
  addons: mapped(text('must be the text of manifests, below `addons: |-`'), {
    description:
      'Manifests that are applied to the cluster; `---` stands between documents. What leaves the text leaves the cluster.',
    examples: ['apiVersion: v1\nkind: Namespace\nmetadata:\n  name: team-a\n'],
    verbatim: true,
    becomes: [file(`${manifestsDir()}/${MANIFEST_PREFIX}addons.yaml`)],
  }),
  addons_include: mapped(z.array(IncludeSchema, { error: 'must be a list of files and URLs' }), {
    description:
      'Files beside cluster.yml and URLs with such manifests. What a URL holds is fetched once and pinned; `--update-addons` takes it anew.',
    examples: [['./addons/namespaces.yaml', 'https://example.com/addon.yaml']],
    becomes: [file(`${manifestsDir()}/${MANIFEST_PREFIX}*.yaml`)],
  }),
  addon_job_timeout: mapped(TimeoutSchema, {
    description: 'Seconds that `up` waits for addons to be applied, or to be gone.',
    examples: [60],
    default: `\`${DEFAULTS.addonTimeoutMs / 1000}\``,
    becomes: [ours('how long `up` waits for addons')],
  }),
};
