import { DEFAULTS } from '../defaults.ts';
import { type Mistake, showValue } from '../finding.ts';
import { familyOf } from '../ip.ts';
import { stripBrackets } from './addresses.ts';
import { isDnsSubdomain } from './labels.ts';
import { checked, text } from './scalars.ts';

/** The fixed registration address: `host[:port]`. */
export const EndpointSchema = checked(text('must be `host` or `host:port`'), checkEndpoint);

/** Reads `host`, `host:port`, `[v6]:port` or a bare IPv6 address; null when it is none of them. */
export function parseEndpoint(value: string): { readonly host: string; readonly port: number } | null {
  if (familyOf(value) === 6) return { host: value, port: DEFAULTS.apiPort };
  const match = /^(\[[^\]]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(value);
  if (!match) return null;
  const bracketed = match[1] ?? '';
  const host = stripBrackets(bracketed);
  const port = match[2] === undefined ? DEFAULTS.apiPort : Number(match[2]);
  if (port < 1 || port > 65535) return null;
  if (bracketed.startsWith('[')) return familyOf(host) === 6 ? { host, port } : null;
  if (familyOf(host) === 4) return { host, port };
  return isDnsSubdomain(host.toLowerCase()) && !/^[\d.]+$/.test(host)
    ? { host: host.toLowerCase(), port }
    : null;
}

function checkEndpoint(value: string): Mistake | null {
  const shown = showValue(value);
  if (value.includes('://')) {
    return {
      message: `The endpoint ${shown} is a URL.`,
      hint: `Write only \`${/^\w+:\/\/([^/:]*)/.exec(value)?.[1] || 'host'}\`; add \`:port\` if the API server is not reached at ${DEFAULTS.apiPort}.`,
    };
  }
  const endpoint = parseEndpoint(value);
  if (!endpoint) {
    return {
      message: `The endpoint ${shown} is not \`host\` or \`host:port\`.`,
      hint: 'Write it such as `k8s.example.com`, `10.0.0.10:6443` or `[fd00::10]:6443`.',
    };
  }
  if (endpoint.port !== 9345) return null;
  return {
    message: 'The port of the endpoint is that of the API server, and 9345 is where nodes register.',
    hint: `Leave \`:9345\` out: the load balancer must pass on both ${DEFAULTS.apiPort} and 9345.`,
  };
}
