import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createLab, type Lab } from '../test/lab/lab.ts';
import { buildProgram } from './build-program.ts';
import type { Figure } from './figure.ts';
import { interleave } from './measure.ts';
import { mustRunInLab, writeKnownHosts } from './openssh.ts';
import { writeRandom } from './write-random.ts';

const RUNS = 5;
const HOSTS = 12;
const SIZE_BYTES = 500_000_000;
const MOST_COPIES = 1.1;
const THERE = '/var/lib/bench';
/** What leaves the operator's side, and nothing that goes between hosts, passes the bridge's own queue. */
const LINE = [
  'tc',
  'qdisc',
  'replace',
  'dev',
  'br0',
  'root',
  'tbf',
  'rate',
  '200mbit',
  'burst',
  '256kb',
  'latency',
  '100ms',
];

/**
 * A file of 500 MB until twelve hosts have it, verified, over an operator's line of 200 Mbit/s, against one verified copy
 * to one host over the same line. More than 1.1 copies leaving the operator is an error.
 */
export const fanOutFigure: Figure = {
  name: 'fan-out',
  limit: 1.2,
  measure: async () => {
    const [many, one] = [await buildProgram('fan-out-once'), await buildProgram('upload-once')];
    const lab = await createLab({ name: 'bench-fan-out', hosts: HOSTS });
    try {
      const [host] = lab.hosts;
      if (host === undefined) throw new Error('the lab has no host');
      const here = join(lab.directory, 'bench');
      await mkdir(here);
      const source = join(here, 'file');
      const sha256 = await writeRandom(source, SIZE_BYTES);
      const knownHosts = join(here, 'known_hosts');
      await writeKnownHosts(lab, knownHosts);
      await mustRunInLab(lab, LINE);
      const empty = `rm -rf ${THERE}; mkdir -m 777 ${THERE}`;
      const before = async () => {
        for (const { name } of lab.hosts) await lab.exec(name, ['sh', '-c', empty]);
        await lab.exec(host.name, ['sync']);
      };
      const login = [host.user, host.keyPath, knownHosts];
      const file = [source, `${THERE}/file`, sha256];
      const addresses = lab.hosts.map(({ address }) => address);
      return await interleave(
        RUNS,
        {
          name: `500 MB to ${HOSTS} hosts, verified`,
          before,
          run: async () => {
            const was = await bytesSent(lab);
            await mustRunInLab(lab, [process.execPath, many, ...login, ...file, ...addresses]);
            const copies = ((await bytesSent(lab)) - was) / SIZE_BYTES;
            if (copies > MOST_COPIES) throw new Error(`${copies.toFixed(2)} copies left the operator`);
          },
        },
        {
          name: 'one verified copy of it',
          before,
          run: async () =>
            void (await mustRunInLab(lab, [process.execPath, one, host.address, ...login, ...file])),
        },
      );
    } finally {
      await lab.destroy();
    }
  },
};

/** Bytes that have left the operator's side of the lab's network. */
async function bytesSent(lab: Lab): Promise<number> {
  const { stdout } = await mustRunInLab(lab, ['ip', '-s', '-j', 'link', 'show', 'br0']);
  const [bridge] = JSON.parse(stdout) as { readonly stats64: { readonly tx: { readonly bytes: number } } }[];
  return bridge?.stats64.tx.bytes ?? Number.NaN;
}
