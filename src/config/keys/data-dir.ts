import { DEFAULTS } from '../defaults.ts';
import { showValue } from '../finding.ts';
import { checked, text } from '../schema/scalars.ts';
import { config, mapped, warned } from './key.ts';

const PrefixSchema = checked(text('must be an absolute path on the hosts'), (prefix) =>
  /^\/[\w./+-]*$/.test(prefix) && !prefix.split('/').includes('..')
    ? null
    : {
        message: `${showValue(prefix)} cannot be the root of RKE2's data.`,
        hint: 'Write an absolute path without blanks, such as `/mnt/data`; `/` is the usual one.',
      },
);

/** Where things lie on the hosts. */
export const DATA_DIR_KEYS = {
  prefix_path: mapped(PrefixSchema, {
    description: `Root of RKE2’s data on every node: they lie in \`${DEFAULTS.dataDir}\` below it. Never to be changed afterwards.`,
    examples: ['/mnt/data'],
    default: '`/`',
    becomes: [config('data-dir')],
  }),
  win_prefix_path: warned({
    description: 'RKE1’s folder on Windows nodes.',
    why: 'rke2ctl sets up Linux nodes only.',
    instead: 'Leave the key out.',
  }),
};
