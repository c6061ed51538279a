import type { Diagnostic } from '../../domain/diagnostic.ts';
import { MAX_CLOCK_SKEW_MS } from '../../rke2/requirements.ts';
import { type Check, checkedHosts } from './check.ts';

const NAME = 'clock-skew';

/**
 * No host's clock may be more than 3 s from the median of all: certificates made on one node are not valid yet on
 * another, and RKE2 refuses to start when files look newer than its datastore.
 */
export const clockSkew: Check = {
  name: NAME,
  severity: 'error',
  check: (input) => {
    const hosts = checkedHosts(input);
    const median = medianOf(hosts.map((host) => host.facts.clockOffsetMs));
    return hosts.flatMap((host): Diagnostic[] => {
      const skewMs = host.facts.clockOffsetMs - median;
      if (Math.abs(skewMs) <= MAX_CLOCK_SKEW_MS) return [];
      return [
        {
          severity: 'error',
          code: NAME,
          node: host.label,
          message: `The clock is ${skewText(skewMs)} the other hosts’. Certificates made on one node would not be valid on another.`,
          hint: 'Let all hosts take the time from the same source: `timedatectl set-ntp true`, or `chronyc makestep` to set it right now.',
        },
      ];
    });
  },
};

/** Of an even number, the middle one nearer to our own clock: with two hosts it is the wrong one that is named. */
function medianOf(offsets: readonly number[]): number {
  const sorted = [...offsets].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? upper;
  return Math.abs(lower) < Math.abs(upper) ? lower : upper;
}

function skewText(skewMs: number): string {
  const seconds = (Math.abs(skewMs) / 1000).toFixed(1);
  return skewMs > 0 ? `${seconds} s ahead of` : `${seconds} s behind`;
}
