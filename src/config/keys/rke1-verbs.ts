import * as z from 'zod';
import { group, refused, warned } from './key.ts';

const MAP = { error: 'must be a map of settings' };
const ONCE =
  'Such a thing is done once, by a command; standing in a file it would happen again at every `up`.';

/** What RKE1 could be told to do by its file, although it is no state that a cluster can be in. */
export const RKE1_VERB_KEYS = {
  restore: group(
    z.strictObject(
      {
        restore: refused({
          description: 'Made the next `rke up` a restore of etcd.',
          why: ONCE,
          instead:
            'Leave the key out. `rke2ctl etcd snapshot-restore NAME` brings the cluster back to a snapshot that RKE2 took; one of RKE1 cannot be restored into RKE2.',
        }),
        snapshot_name: warned({
          description: 'The snapshot of etcd that was restored.',
          why: 'It only said which snapshot `restore.restore` was about.',
          instead: 'Leave the key out.',
        }),
      },
      MAP,
    ),
    { description: 'Restored etcd from a snapshot.', examples: [{ restore: false }] },
  ),
  rotate_certificates: group(
    z.strictObject(
      {
        cacertificates: refused({
          description: 'Made new CA certificates at the next `rke up`.',
          why: ONCE,
          instead: 'Leave the key out; `rke2ctl cert rotate --rotate-ca` does it.',
        }),
        services: refused({
          description: 'Which services got new certificates at the next `rke up`.',
          why: ONCE,
          instead:
            'Leave the key out: RKE2 renews a certificate that will end within 120 days when its service starts anew. `rke2ctl cert rotate` (with `--service` for some) does it at once.',
        }),
      },
      MAP,
    ),
    { description: 'Renewed certificates.', examples: [{ cacertificates: false }] },
  ),
  rotate_encryption_key: refused({
    description: 'Made a new key for secrets at rest at the next `rke up`.',
    why: ONCE,
    instead: 'Leave the key out; `rke2ctl encrypt rotate-key` does it.',
  }),
};
