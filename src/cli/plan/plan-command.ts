import { quoteWord } from '../../lib/shell-quote.ts';
import type { PlanRequest } from '../../plan/saved-plan.ts';

/** The line that carries out what a plan shows: the saved file if there is one, else `up` with the same flags. */
export function planCommand(request: PlanRequest, out: string | null): string {
  if (out !== null) return `rke2ctl apply ${quoteWord(out)}`;
  const usual = process.env['RKE2CTL_CONFIG'] ?? 'cluster.yml';
  const list = (flag: string, values: readonly string[]) =>
    values.length === 0 ? [] : [flag, ...values.map(quoteWord)];
  const one = (flag: string, value: string | null) => (value === null ? [] : [flag, quoteWord(value)]);
  const set = (flag: string, isSet: boolean) => (isSet ? [flag] : []);
  const isUsual = request.config.length === 1 && request.config[0] === usual;
  return [
    'rke2ctl up',
    ...(isUsual || request.local ? [] : request.config.flatMap((file) => ['--config', quoteWord(file)])),
    ...set('--local', request.local),
    ...one('--artifacts', request.artifacts),
    ...one('--version', request.version),
    ...one('--channel', request.channel),
    ...list('--target', request.targets),
    ...one('--only', request.only),
    ...list('--replace', request.replace),
    ...list('--rollback-node', request.rollback),
    ...set('--keep-drift', request.keepDrift),
    ...set('--update-addons', request.updateAddons),
    ...list('--ignore-check', request.ignoredChecks),
    ...set('--disable-port-check', !request.checkPorts),
  ].join(' ');
}
