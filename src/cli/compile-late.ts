import { setFlagsFromString } from 'node:v8';

/** About seventy times what a function has to run in Node 20 until V8 takes it for worth optimizing. */
const BUDGET = 5_000_000;

/**
 * The flags by which V8 of this version of Node optimizes a function later than it would. A run of seconds over a thousand
 * hosts calls each function a thousand times: enough for Node 20 to spend a second on optimizing what is then hardly run
 * any more. What comes after Node 20 has a cheaper compiler in between, knows no such flag, and would say so on stderr.
 */
export function lateFlags(nodeVersion: string): readonly string[] {
  return nodeVersion.startsWith('20.') ? [`--interrupt-budget=${BUDGET}`] : [];
}

/** Has V8 compile what a run of seconds is glad of, and no more. */
export function compileLate(): void {
  for (const flag of lateFlags(process.versions.node)) setFlagsFromString(flag);
}
