import { readFileSync } from 'node:fs';
import ssh2 from 'ssh2';

/**
 * The least that ssh2 can do: logs in to every host of a file of known hosts, the key of each checked against it, runs `true`
 * on all of them and ends. Arguments: that file, the key's path, the user, how many hosts at once. Exit code 1 when a host
 * does not do it.
 */
const [knownHosts = '', keyPath = '', username = '', window = ''] = process.argv.slice(2);
const privateKey = readFileSync(keyPath);
const hosts = readFileSync(knownHosts, 'utf8')
  .split('\n')
  .flatMap((line) => {
    const found = /^\[(.*)\]:(\d+) \S+ (\S+)/.exec(line);
    return found === null
      ? []
      : [{ host: found[1] ?? '', port: Number(found[2]), key: Buffer.from(found[3] ?? '', 'base64') }];
  });

let next = 0;

function runTrue({ host, port, key }: (typeof hosts)[number]): Promise<void> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.on('error', reject);
    client.on('close', () => resolve());
    client.on('ready', () => {
      client.setNoDelay(true);
      client.exec('true', (error, channel) => {
        if (error) {
          reject(error);
          return;
        }
        channel.on('exit', (code: number) => {
          if (code !== 0) reject(new Error(`${host}: exit code ${code}`));
        });
        channel.on('close', () => client.end());
        channel.resume();
        channel.stderr.resume();
      });
    });
    client.connect({
      host,
      port,
      username,
      privateKey,
      hostVerifier: (shown: Buffer) => shown.equals(key),
      algorithms: { cipher: ['aes128-gcm@openssh.com'], serverHostKey: ['ssh-ed25519'] },
    });
  });
}

async function work(): Promise<void> {
  for (let host = hosts[next++]; host !== undefined; host = hosts[next++]) await runTrue(host);
}

await Promise.all(Array.from({ length: Number(window) }, work));
