import * as z from 'zod';
import { checkLabelValue, checkQualifiedName } from '../schema/labels.ts';
import { checked, text } from '../schema/scalars.ts';
import { config, mapped, required, warned } from './key.ts';

const TAINT_KEYS = {
  key: required(
    mapped(
      checked(text('must be text'), (key) => checkQualifiedName(key, 'taint')),
      {
        description: 'Name of the taint.',
        examples: ['dedicated'],
        becomes: [config('node-taint')],
      },
    ),
  ),
  value: mapped(
    checked(text('must be text'), (value) => checkLabelValue(value, 'taint')),
    {
      description: 'Value of the taint; empty is one, too.',
      examples: ['db'],
      becomes: [config('node-taint')],
    },
  ),
  effect: required(
    mapped(
      z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'], {
        error: 'must be `NoSchedule`, `PreferNoSchedule` or `NoExecute`',
      }),
      {
        description: 'What the taint does to pods that do not tolerate it.',
        examples: ['NoSchedule'],
        becomes: [config('node-taint')],
      },
    ),
  ),
  timeAdded: warned({
    description: 'When the taint was added.',
    why: 'Kubernetes itself notes the time when it sets the taint.',
    instead: 'Leave the key out.',
  }),
};

/** One taint of a node. */
export const TaintSchema = z
  .strictObject(TAINT_KEYS, { error: 'must be a map with `key`, `value` and `effect`' })
  .meta({ examples: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }] });
