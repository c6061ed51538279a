import { putClusterCas, readClusterCas } from '../host/cluster-cas.ts';
import { caHash } from '../pki/ca-hash.ts';
import { casAmong } from '../rke2/ca-files.ts';
import type { StepHandler } from './step-handler.ts';

/**
 * Puts new CAs into the cluster's own data: the file's, or ones made here; signed by the present ones, too, so that who
 * trusts only those is led to them, unless it is forced. Servers take them when they start anew. Done again before any has,
 * it puts in others: nobody has seen those of the first time. The state learns their hash, which tokens pin.
 */
export const rotateAuthorities: StepHandler<'rotate-authorities'> = {
  title: () => 'put new certificate authorities into the cluster’s data',
  run: async ({ node, force }, context) => {
    if (node === null) throw new Error('rotate-authorities needs a node');
    const host = context.host(node.key);
    const { files, dataDir } = context.cluster;
    const options = { dataDir, signal: context.signal };
    const now = new Date();
    const own = casAmong(files, dataDir);
    const old = force ? null : await readClusterCas(host, options);
    // Making certificates takes a library that no other command need load.
    const { freshCas } = await import('../pki/fresh-cas.ts');
    const fresh = freshCas(own, old, now);
    const token = context.state().secrets.serverToken;
    await putClusterCas(host, fresh, { token, force, now }, options);
    const hash = caHash(fresh.cas['server-ca'].certificates, now);
    await context.learn((state) => ({ ...state, caHash: hash }));
    return 'done';
  },
};
