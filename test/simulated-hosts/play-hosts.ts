import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { AuthContext, Connection, ParsedKey, ServerChannel } from 'ssh2';
import ssh2 from 'ssh2';
import type { PlayedHosts } from './make-cluster-files.ts';
import { RECORDING_MARK } from './recording.ts';

/**
 * `refused`: nobody listens; `silent`: takes the connection and never says a word; `half-open`: says nothing more once the
 * keys are exchanged.
 */
export type HostFault = 'refused' | 'silent' | 'half-open';

/** What this process is told from then on: who is ill now; it answers `done`. */
export type PlayOrder = Readonly<Record<string, HostFault>>;

/**
 * Plays all hosts of a cluster in a process of its own, as the file named on its command line says. Each listens at its own
 * address of 127.0.0.0/8, checks the key, and answers the probe with what it was given; `true` does nothing.
 */
const [file = ''] = process.argv.slice(2);
const played = JSON.parse(readFileSync(file, 'utf8')) as PlayedHosts;
const userKey = ssh2.utils.parseKey(played.userKey) as ParsedKey;
const userKeyBytes = userKey.getPublicSSH();
let faults: PlayOrder = {};

const SCRIPT_END = '#rke2ctl-script-ends-here';
const PID = 4711;

interface PlayedHost {
  readonly address: string;
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

const hosts = played.hosts.map(({ address, answer }): PlayedHost => {
  const sshd = new ssh2.Server(
    {
      hostKeys: [played.hostKey],
      ident: 'OpenSSH_9.2p1 played',
      algorithms: { kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org'] },
    },
    (client) => serve(client, address, answer),
  );
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    if (faults[address] === 'silent') socket.resume();
    else sshd.injectSocket(socket);
  });
  return { address, server, sockets };
});

function serve(client: Connection, address: string, answer: string): void {
  client.on('error', () => undefined);
  client.on('authentication', (context) => {
    if (faults[address] !== 'half-open') judge(context);
  });
  client.on('session', (accept) => {
    accept().on('exec', (acceptExec, _reject, { command }) => run(acceptExec(), command, answer));
  });
}

/** As sshd: a key that is asked about gets a yes, one that signs is checked. */
function judge(context: AuthContext): void {
  if (context.method !== 'publickey' || !context.key.data.equals(userKeyBytes)) {
    context.reject(['publickey']);
    return;
  }
  const { signature, blob, hashAlgo } = context;
  if (signature === undefined || blob === undefined) context.accept();
  else if (userKey.verify(blob, signature, hashAlgo) === true) context.accept();
  else context.reject(['publickey']);
}

function run(channel: ServerChannel, command: string, answer: string): void {
  if (command === 'true') {
    end(channel, 0);
    return;
  }
  const token = /echo rke2ctl:([0-9a-f]+):/.exec(command)?.[1];
  const mark = /echo (rke2ctl-[0-9a-f]+) ready/.exec(command)?.[1];
  if (token === undefined || mark === undefined) {
    channel.stderr.write('a played host knows no such command\n');
    end(channel, 127);
    return;
  }
  channel.write(`rke2ctl:${token}:g${PID}\n`);
  channel.stderr.write(`${mark} elevation root\n${mark} ready ${PID}\n`);
  let script = '';
  let isAnswered = false;
  channel.on('data', (chunk: Buffer) => {
    if (isAnswered) return;
    script += chunk.toString('latin1');
    if (!script.includes(SCRIPT_END)) return;
    isAnswered = true;
    answerProbe(channel, script, answer);
  });
  // The lock is held until stdin ends.
  channel.on('end', () => end(channel, 0));
}

function answerProbe(channel: ServerChannel, script: string, answer: string): void {
  const mark = /^set -- '?(@[0-9a-f]+)/.exec(script)?.[1];
  if (mark === undefined) {
    channel.stderr.write('a played host knows no such script\n');
    end(channel, 127);
    return;
  }
  const { all, one } = played.clusterAnswers;
  const cluster = script.includes('m nodes') ? [all] : script.includes('m api') ? [one] : [];
  const told = [answer, ...cluster].join('\n');
  const text = told
    .replace(/^(@recorded time\n).*$/m, `$1${(Date.now() / 1000).toFixed(9)}`)
    .replaceAll(RECORDING_MARK, mark);
  const lock = script.includes('flock -n 8') ? `${mark} locked\n` : '';
  channel.write(`${text}\n${mark} end\n${lock}`);
}

function end(channel: ServerChannel, code: number): void {
  channel.exit(code);
  channel.end();
}

async function obey(order: PlayOrder): Promise<void> {
  faults = order;
  for (const { sockets } of hosts) for (const socket of sockets) socket.destroy();
  await Promise.all(
    hosts.map(async ({ address, server }) => {
      const listens = order[address] !== 'refused';
      if (listens === server.listening) return;
      const changed = once(server, listens ? 'listening' : 'close');
      if (listens) server.listen({ host: address, port: played.port, backlog: 128 });
      else server.close();
      await changed;
    }),
  );
}

process.on('message', (order: PlayOrder) => {
  obey(order).then(
    () => process.send?.('done'),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
