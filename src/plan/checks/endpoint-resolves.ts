import { hostCheck } from './check.ts';

/** `endpoint` stays in every node's config.yaml, so every node must be able to resolve it. */
export const endpointResolves = hostCheck('endpoint-resolves', 'error', ({ facts }, { cluster }) => {
  const name = cluster.endpoint?.host;
  if (name === undefined || facts.resolved[name]?.length !== 0) return null;
  return {
    message: `The endpoint ${name} does not resolve on this host, and the node could not find the cluster again after a restart.`,
    hint: `Put ${name} into DNS, or into /etc/hosts of every node.`,
  };
});
