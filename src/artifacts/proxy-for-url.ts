import ipaddr from 'ipaddr.js';
import { Secret } from '../domain/secret.ts';

/**
 * The proxy that the nodes need for a URL, by the variables of cluster.yml's `proxy`; null where it is reached directly.
 * Networks among NO_PROXY count, which not every curl knows.
 */
export function proxyForUrl(
  url: string,
  environment: Readonly<Record<string, string | Secret>>,
): string | null {
  const { hostname, protocol } = new URL(url);
  const proxy = textOf(environment[protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY']);
  if (proxy === '') return null;
  const host = hostname.replace(/^\[|\]$/g, '');
  const direct = textOf(environment['NO_PROXY']).split(',');
  return direct.some((entry) => covers(entry.trim(), host)) ? null : proxy;
}

function textOf(value: string | Secret | undefined): string {
  return value instanceof Secret ? value.reveal() : (value ?? '');
}

function covers(entry: string, host: string): boolean {
  if (entry === '*') return true;
  if (!ipaddr.isValid(host)) return `.${host}`.endsWith(`.${entry.replace(/^\*?\.?/, '')}`) && entry !== '';
  if (ipaddr.isValid(entry)) return ipaddr.parse(entry).toString() === ipaddr.parse(host).toString();
  if (!ipaddr.isValidCIDR(entry)) return false;
  const [network, bits] = ipaddr.parseCIDR(entry);
  const address = ipaddr.parse(host);
  return address.kind() === network.kind() && address.match(network, bits);
}
