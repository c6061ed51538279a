import * as z from 'zod';
import { LocalPathSchema } from '../schema/scalars.ts';
import { file, own } from './key.ts';

const CERTIFICATES_KEYS = {
  ca: own(LocalPathSchema, {
    description:
      'Directory beside cluster.yml with CAs of your own, which RKE2 takes at the first start in place of making its own. Its files have RKE2’s names: `server-ca`, `client-ca`, `request-header-ca`, `etcd/server-ca` and `etcd/peer-ca`, each as `.crt` and `.key`; `root-ca.pem` and `intermediate-ca.pem` that lead them to their root; `service.key` if you like. `rke2ctl cert generate-csr` makes them. Once the cluster is up, another CA comes by `rke2ctl cert rotate --rotate-ca` alone.',
    examples: ['./ca'],
    default: 'none: RKE2 makes its own CAs',
    becomes: [file('/var/lib/rancher/rke2/server/tls/*')],
  }),
};

/** The certificate authorities of the cluster. */
export const CertificatesSchema = z.strictObject(CERTIFICATES_KEYS, { error: 'must be a map with `ca`' });
