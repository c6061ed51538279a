import type { Argument, Command, Option } from 'commander';
import { createProgram } from '../../src/cli/program/program.ts';

/** A command that does something by itself, as the program declares it. */
export interface Leaf {
  /** As it is typed: `etcd snapshot-save`. */
  readonly name: string;
  readonly options: readonly Option[];
  readonly operands: readonly Argument[];
}

/** Commands that are there to change something; all others only look. A new command must be put here or be tried as one that looks. */
export const CHANGING: ReadonlySet<string> = new Set([
  ...['up', 'apply', 'remove', 'run', 'adopt'],
  // They run what the person says.
  ...['exec', 'ssh'],
  // A Secret in the cluster; the others the state on this machine.
  ...['state push', 'state seal', 'state unseal'],
  ...['token create', 'token delete', 'token rotate'],
  ...['cert rotate', 'encrypt rotate-key'],
  ...['etcd snapshot-save', 'etcd snapshot-delete', 'etcd snapshot-prune'],
  ...['etcd snapshot-restore', 'etcd reset', 'etcd defrag'],
]);

export function longOf(option: Option): string {
  return option.long ?? option.flags;
}

export function takes({ options }: Leaf, flag: string): boolean {
  return options.some((option) => longOf(option) === flag);
}

/** Every command of the program. */
export const LEAVES = leavesOf(createProgram());

function leavesOf(command: Command, path: readonly string[] = []): readonly Leaf[] {
  return command.commands.flatMap((each) => {
    const names = [...path, each.name()];
    const own = each as Command & { readonly _actionHandler: unknown };
    const leaf: Leaf = { name: names.join(' '), options: each.options, operands: each.registeredArguments };
    return [...(own._actionHandler ? [leaf] : []), ...leavesOf(each, names)];
  });
}
