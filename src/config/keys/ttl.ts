import { parseDuration } from '../duration.ts';
import { showValue } from '../finding.ts';
import { checked, DurationSchema } from '../schema/scalars.ts';
import { ours, own } from './key.ts';

/** Less would be over before RKE2 can have come up anywhere. */
const LEAST_MS = 10_000;

const TtlSchema = checked(DurationSchema, (value) =>
  parseDuration(value) >= LEAST_MS
    ? null
    : {
        message: `A time to live of ${showValue(value)} is over before a cluster can be there.`,
        hint: 'Write how long it may be needed at most, with time to spare: `ttl: 2h`.',
      },
);

/** For clusters that nobody may be there to remove. */
export const TTL_KEYS = {
  ttl: own(TtlSchema, {
    description:
      'Time to live of a throwaway cluster: when it is over each host takes RKE2, its data and everything of rke2ctl’s away by itself, as `remove` would. It counts from the `up` that makes the cluster; an `up` that finds less than half of it left lets it begin anew. Only a cluster that is not there yet can be given one; afterwards it can be lengthened, or taken away for good.',
    examples: ['2h'],
    default: 'none: a cluster goes by `rke2ctl remove` alone',
    becomes: [ours('a timer on each host, set before RKE2 starts there')],
  }),
};
