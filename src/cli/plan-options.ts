import type { ShapeFlags } from './flags.ts';
import type { PrepareOptions } from './prepare-up.ts';

/** Everything among the flags that decides about the steps. */
export function planOptions(flags: ShapeFlags): PrepareOptions {
  return {
    checkPorts: flags.disablePortCheck !== true,
    ignoredChecks: flags.ignoreCheck ?? [],
    updateAddons: flags.updateAddons === true,
    replace: flags.replace ?? [],
    keepDrift: flags.keepDrift === true,
  };
}
