import type { Lab } from '../test/lab/lab.ts';
import { BARE_TWELVE } from './bare-hosts.ts';
import { buildProgram } from './build-program.ts';
import type { Figure } from './figure.ts';
import { interleave } from './measure.ts';
import { mustRunInLab } from './openssh.ts';

const RUNS = 5;
const MOST_COPIES = 1.1;
/** What leaves the operator's side, and nothing that goes between hosts, passes the bridge's own queue. */
const QUEUE = ['dev', 'br0', 'root'];
const LINE = ['tbf', 'rate', '200mbit', 'burst', '256kb', 'latency', '100ms'];

/**
 * A file of 500 MB until twelve hosts have it, verified, over an operator's line of 200 Mbit/s, against one verified copy
 * to one host over the same line. More than 1.1 copies leaving the operator is an error.
 */
export const fanOutFigure: Figure = {
  name: 'fan-out',
  limit: 1.2,
  fixtures: [BARE_TWELVE],
  measure: async (share) => {
    const { lab, source, sizeBytes, sha256, knownHosts, destination, empty } = await share(BARE_TWELVE);
    const [many, one] = [await buildProgram('fan-out-once'), await buildProgram('upload-once')];
    const [host] = lab.hosts;
    if (host === undefined) throw new Error('the lab has no host');
    const login = [host.user, host.keyPath, knownHosts];
    const file = [source, destination, sha256];
    const addresses = lab.hosts.map(({ address }) => address);
    await mustRunInLab(lab, ['tc', 'qdisc', 'replace', ...QUEUE, ...LINE]);
    try {
      return await interleave(
        RUNS,
        {
          name: `500 MB to ${addresses.length} hosts, verified`,
          before: empty,
          run: async () => {
            const was = await bytesSent(lab);
            await mustRunInLab(lab, [process.execPath, many, ...login, ...file, ...addresses]);
            const copies = ((await bytesSent(lab)) - was) / sizeBytes;
            if (copies > MOST_COPIES) throw new Error(`${copies.toFixed(2)} copies left the operator`);
          },
        },
        {
          name: 'one verified copy of it',
          before: empty,
          run: async () =>
            void (await mustRunInLab(lab, [process.execPath, one, host.address, ...login, ...file])),
        },
      );
    } finally {
      await mustRunInLab(lab, ['tc', 'qdisc', 'del', ...QUEUE]);
    }
  },
};

/** Bytes that have left the operator's side of the lab's network. */
async function bytesSent(lab: Lab): Promise<number> {
  const { stdout } = await mustRunInLab(lab, ['ip', '-s', '-j', 'link', 'show', 'br0']);
  const [bridge] = JSON.parse(stdout) as { readonly stats64: { readonly tx: { readonly bytes: number } } }[];
  return bridge?.stats64.tx.bytes ?? Number.NaN;
}
