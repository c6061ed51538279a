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
  readonly dns: readonly string[];
}

/** kube-proxy, the controllers' health ports, the CNI's ports, ingress and cluster DNS: all they do is answer. */
function main(): void {
  const config = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as PortsConfig;
  for (const { host, port, status, body } of config.listen) listen(host, port, status, body);
  for (const address of config.dns) answerDns(address);
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

/** Answers every query with NXDOMAIN, which is enough to say that somebody serves. */
function answerDns(address: string): void {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (query, from) => {
    if (query.length < 12) return;
    const answer = Buffer.from(query);
    answer.writeUInt16BE(0x8583, 2);
    socket.send(answer, from.port, from.address);
  });
  socket.on('error', (error) => process.stderr.write(`dns ${address}: ${error.message}\n`));
  socket.bind(53, address);
}

main();
