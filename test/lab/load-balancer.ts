import type { HostRecord } from './lab-state.ts';

/**
 * haproxy in front of all cluster hosts, plain TCP for 6443 (API) and 9345 (registration). Servers come and go by health:
 * 9345 lives if GET /ping answers "pong" over TLS; 6443 lives if it answers at all, since it lets nobody in unknown (401).
 */
export function haproxyConfig(servers: readonly HostRecord[]): string {
  return `global
  user haproxy
  group haproxy
  maxconn 4000

defaults
  mode tcp
  timeout connect 2s
  timeout client 1h
  timeout server 1h
  timeout check 2s
  default-server check check-ssl verify none inter 1s fastinter 300ms fall 2 rise 1 on-marked-down shutdown-sessions

${renderService('kubernetes-api', 6443, servers, [
  'http-check send meth GET uri /readyz',
  'http-check expect rstatus ^(200|401)$',
])}
${renderService('registration', 9345, servers, [
  'http-check send meth GET uri /ping',
  'http-check expect string pong',
])}`;
}

function renderService(name: string, port: number, servers: readonly HostRecord[], checks: string[]): string {
  const lines = [
    `listen ${name}`,
    `  bind :::${port} v4v6`,
    '  option httpchk',
    ...checks.map((check) => `  ${check}`),
    ...servers.map((server) => `  server ${server.name} ${server.address}:${port}`),
  ];
  return `${lines.join('\n')}\n`;
}
