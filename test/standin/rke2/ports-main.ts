import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

/** What one of the small pods listens on: HTTP health ports, and the cluster DNS. */
interface PortsConfig {
  readonly listen: readonly {
    readonly host: string;
    readonly port: number;
    readonly status: number;
    readonly body: string;
  }[];
  readonly dns: readonly { readonly address: string; readonly domain: string }[];
}

/** kube-proxy, the controllers' health ports, the CNI's ports, ingress and cluster DNS: all they do is answer. */
function main(): void {
  const config = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as PortsConfig;
  for (const { host, port, status, body } of config.listen) listen(host, port, status, body);
  for (const { address, domain } of config.dns) answerDns(address, domain);
}

function listen(host: string, port: number, status: number, body: string): void {
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'text/plain' });
    response.end(body);
  });
  server.on('error', (error) => process.stderr.write(`listen ${host}:${port}: ${error.message}\n`));
  if (host === '') server.listen(port);
  else server.listen(port, host);
}

/** Knows the Service `kubernetes`, by an address of the right family, and answers everything else with NXDOMAIN. */
function answerDns(address: string, domain: string): void {
  const isIpv6 = address.includes(':');
  const known = encodeName(`kubernetes.default.svc.${domain}`);
  const type = isIpv6 ? 28 : 1;
  const data = isIpv6
    ? Buffer.from(`${'0'.repeat(31)}1`, 'hex')
    : Buffer.from([...address.split('.').slice(0, 3).map(Number), 1]);
  const socket = createSocket(isIpv6 ? 'udp6' : 'udp4');
  socket.on('message', (query, from) => {
    if (query.length < 12) return;
    const isKnown = query.subarray(12, 12 + known.length).equals(known);
    const isAsked =
      isKnown && query.length >= 14 + known.length && query.readUInt16BE(12 + known.length) === type;
    const answer = Buffer.from(query);
    answer.writeUInt16BE(isKnown ? 0x8580 : 0x8583, 2);
    answer.writeUInt16BE(isAsked ? 1 : 0, 6);
    const record = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 5, 0, data.length, ...data]);
    socket.send(isAsked ? Buffer.concat([answer, record]) : answer, from.port, from.address);
  });
  socket.on('error', (error) => process.stderr.write(`dns ${address}: ${error.message}\n`));
  socket.bind(53, address);
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').map((label) => [label.length, ...Buffer.from(label)]);
  return Buffer.from([...labels.flat(), 0]);
}

main();
