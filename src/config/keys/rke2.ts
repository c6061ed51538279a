import * as z from 'zod';
import { CONFIG_PATH } from '../../rke2/paths.ts';
import { file, own } from './key.ts';

const CONFIG = file(CONFIG_PATH);

const ScalarSchema = z.union([z.string(), z.number(), z.boolean()], {
  error: 'must be text, a number, `true` or `false`',
});

/** Keys of RKE2's own config.yaml; which there are is checked apart, since it depends on who gets them. */
export const Rke2ValuesSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.array(ScalarSchema)], {
    error: 'must be text, a number, `true`, `false`, or a list of those',
  }),
  { error: 'must be a map of keys of RKE2’s config.yaml' },
);

const RKE2_KEYS = {
  server: own(Rke2ValuesSchema, {
    description: 'For etcd and controlplane nodes (rke2-server).',
    examples: [{ 'etcd-expose-metrics': true }],
    becomes: [CONFIG],
  }),
  agent: own(Rke2ValuesSchema, {
    description: 'For nodes that are only workers (rke2-agent).',
    examples: [{ 'kubelet-arg': ['max-pods=200'] }],
    becomes: [CONFIG],
  }),
};

/** Keys of config.yaml that have no name of their own in cluster.yml. */
export const Rke2Schema = z.strictObject(RKE2_KEYS, { error: 'must be a map with `server` and `agent`' });
