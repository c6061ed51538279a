import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../lab/lab.ts';

/** How a call ended: `answered`, `distrusted` (what was shown leads to none of the CAs that are trusted), or `away`. */
export type CallEnd = 'answered' | 'distrusted' | 'away';

const CURL_DISTRUSTS = 60;

/** Asks a URL from the controller's side, trusting the CAs of this file alone. */
export async function callTrusting(lab: Lab, caFile: string, url: string): Promise<CallEnd> {
  const { exitCode } = await lab.run([
    'curl',
    '-sS',
    '--max-time',
    '3',
    '-o',
    '/dev/null',
    '--cacert',
    caFile,
    url,
  ]);
  if (exitCode === 0) return 'answered';
  return exitCode === CURL_DISTRUSTS ? 'distrusted' : 'away';
}

/** A client that trusts the CAs of this file alone and calls again and again, by a new connection each time. */
export function keepCalling(
  lab: Lab,
  caFile: string,
  url: string,
): { readonly stop: () => Promise<Readonly<Record<CallEnd, number>>> } {
  const ends = { answered: 0, distrusted: 0, away: 0 };
  let goOn = true;
  const calling = (async () => {
    while (goOn) {
      ends[await callTrusting(lab, caFile, url)] += 1;
      await sleep(200);
    }
  })();
  return {
    stop: async () => {
      goOn = false;
      await calling;
      return ends;
    },
  };
}
