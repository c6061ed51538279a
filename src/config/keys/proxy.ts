import * as z from 'zod';
import { environmentPath } from '../../rke2/paths.ts';
import { showValue } from '../finding.ts';
import { checked, text } from '../schema/scalars.ts';
import { isSecretSource } from '../secret-value.ts';
import { file, own } from './key.ts';

const ENVIRONMENT = [file(environmentPath('rke2-server')), file(environmentPath('rke2-agent'))];

const ProxyUrlSchema = checked(text('must be the URL of a proxy'), (url) => {
  if (isSecretSource(url) || (/^(https?|socks5):\/\/[^/\s]+\/?$/.test(url) && URL.canParse(url))) return null;
  return {
    message: `${showValue(url)} is not the URL of a proxy.`,
    hint: 'Write such as `http://proxy.example.com:3128`; with a password better `env:NAME` or `file:PATH`.',
  };
});

const NoProxySchema = checked(text('must be a name, an address or a network'), (entry) =>
  /^\.?\*?[\w.:*-]+(\/\d{1,3})?$/.test(entry)
    ? null
    : {
        message: `${showValue(entry)} is nothing that NO_PROXY can hold.`,
        hint: 'Write a name (`example.com`, with all below it), an IP address or a network such as `10.0.0.0/8`.',
      },
);

/** The way out of the nodes' network. */
export const ProxySchema = z.strictObject(
  {
    http: own(ProxyUrlSchema, {
      description: 'Proxy for `http://`.',
      examples: ['http://proxy.example.com:3128'],
      secret: true,
      becomes: ENVIRONMENT,
    }),
    https: own(ProxyUrlSchema, {
      description: 'Proxy for `https://`, which images are pulled by.',
      examples: ['http://proxy.example.com:3128', 'env:HTTPS_PROXY'],
      secret: true,
      becomes: ENVIRONMENT,
    }),
    no_proxy: own(z.array(NoProxySchema, { error: 'must be a list of names, addresses and networks' }), {
      description:
        'What is reached directly, beyond localhost, the networks of pods and services, the cluster’s own domain, the nodes and the endpoint, which are always among them. With the nodes’ network here, a new node changes nothing on the others.',
      examples: [['registry.example.com', '10.0.0.0/8']],
      becomes: ENVIRONMENT,
    }),
  },
  { error: 'must be a map with `http`, `https` and `no_proxy`' },
);
