import { hostCheck } from './check.ts';

const DNS_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** A node's name must be a DNS name in lower case, and say more than `localhost`. */
export const nodeNameValid = hostCheck('node-name', 'error', ({ name, node }) => {
  if (DNS_NAME.test(name) && name.length <= 253 && !name.startsWith('localhost')) return null;
  const source = node.name === null ? 'The hostname' : 'The name';
  return {
    message: `${source} "${name}" cannot be the name of a node: Kubernetes wants a DNS name of lower-case letters, digits, dashes and dots, and no "localhost".`,
    hint: 'Set another with `hostnamectl set-hostname`, or write a `hostname_override` for this node in the file.',
  };
});
