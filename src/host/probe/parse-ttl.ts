import type { TtlFacts } from '../../domain/observed.ts';
import { TTL_TIMER } from '../../rke2/ttl-paths.ts';
import { isActive, type UnitProperties, unitProperty } from './parse-units.ts';
import type { ProbeOutput } from './probe-output.ts';

/**
 * A host's time to live, counted as its own script counts it: in the same boot by the uptime, after another one by the
 * clock. Nothing where there is none.
 */
export function parseTtl(
  output: ProbeOutput,
  units: ReadonlyMap<string, UnitProperties>,
): { readonly ttl?: TtlFacts } {
  if (!output.has('ttl')) return {};
  const [deadline = '', uptime = ''] = output.lines('ttl');
  const found = /^(\d+) (\S+) (\d+)$/.exec(deadline);
  if (found === null) return {};
  const [, at, boot, up] = found;
  const isSameBoot = boot === output.word('/proc/sys/kernel/random/boot_id');
  const remaining = isSameBoot
    ? Number(up) - Number.parseFloat(uptime)
    : Number(at) - Number(output.lines('time')[0] ?? 0);
  const timer = units.get(TTL_TIMER);
  const armed = isActive(timer) && unitProperty(timer, 'UnitFileState') === 'enabled';
  return { ttl: { remainingSeconds: Math.round(remaining), armed } };
}
