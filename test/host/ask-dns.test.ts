import { execFile } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askDns, dnsQuery, readDnsAnswer } from '../../src/host/ask-dns.ts';
import type { Host } from '../../src/host/host.ts';

const NAME = 'kubernetes.default.svc.cluster.local';
const REFUSED = 5;

let server: Socket;
let port: number;
const folders: string[] = [];
/** Every question that reached the server. */
const asked: string[] = [];

beforeAll(async () => {
  server = createSocket('udp4');
  server.on('message', (query, from) => {
    asked.push(query.toString('hex'));
    const isKnown = query.equals(dnsQuery(NAME, 'A'));
    const answer = Buffer.from(query);
    answer.writeUInt16BE(query.includes('refused') ? 0x8580 | REFUSED : isKnown ? 0x8580 : 0x8583, 2);
    answer.writeUInt16BE(isKnown ? 1 : 0, 6);
    if (!query.includes('silent')) server.send(answer, from.port, from.address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  port = server.address().port;
});

afterAll(() => {
  server.close();
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A host whose PATH holds these programs and no others. */
function hostWith(...programs: string[]): Host {
  const bin = mkdtempSync(join(tmpdir(), 'rke2ctl-bin-'));
  folders.push(bin);
  for (const program of programs) symlinkSync(`/usr/bin/${program}`, join(bin, program));
  return {
    target: 'root@here',
    hostKey: null,
    run: (script, { args = [] } = {}) =>
      new Promise((resolve, reject) => {
        execFile('/bin/sh', ['-c', script, 'sh', ...args], { env: { PATH: bin } }, (error, stdout, stderr) =>
          error === null ? resolve({ exitCode: 0, stdout, stderr }) : reject(error),
        );
      }),
    start: () => Promise.reject(new Error('nothing is started here')),
  };
}

const ask = (host: Host, name = NAME) => askDns(host, { address: '127.0.0.1', name, port });

const TOOLS = [['python3'], ['perl'], ['bash', 'timeout', 'sed', 'dd', 'od', 'tr']];

describe.each(TOOLS)('a host with %s and nothing else to ask by', (...programs) => {
  it('sends the very question and understands each answer', async () => {
    const host = hostWith(...programs);
    asked.length = 0;
    expect(await ask(host)).toBe('known');
    expect(asked).toEqual([dnsQuery(NAME, 'A').toString('hex')]);
    expect(await ask(host, 'nobody.cluster.local')).toBe('unknown');
    expect(await ask(host, 'refused.cluster.local')).toBe('failure');
  });
});

it('nobody waits for ever where nothing answers', async () => {
  const asking = TOOLS.map((programs) => ask(hostWith(...programs), 'silent.cluster.local'));
  expect(await Promise.all(asking)).toEqual(['silence', 'silence', 'silence']);
});

it('a host with none of them says so', async () => {
  expect(await ask(hostWith('sed'))).toBe('no-tool');
});

it('what is no DNS message is no answer', () => {
  expect(readDnsAnswer(Buffer.from('hello'))).toBe('silence');
});

it('asks for an IPv6 address where the server has one', () => {
  expect(dnsQuery('a.b', 'AAAA').toString('hex')).toBe('726b010000010000000000000161016200001c0001');
});
