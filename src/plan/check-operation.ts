import type { Diagnostic } from '../domain/diagnostic.ts';
import type { Verb } from '../domain/operation.ts';
import type { State } from '../domain/state.ts';

/** While these are in hand servers are meant to be down, and their databases aside. */
const EXCLUSIVE: readonly Verb[] = ['etcd snapshot-restore', 'etcd reset', 'token rotate'];

/** Says before an `up` that a verb was begun and has not come to its end; an error where `up` would spoil it. */
export function checkOperation({ operation }: State): readonly Diagnostic[] {
  if (operation === undefined) return [];
  const { verb, startedAt } = operation;
  const isExclusive = EXCLUSIVE.includes(verb);
  return [
    {
      severity: isExclusive ? 'error' : 'warning',
      code: 'operation-open',
      message: `\`rke2ctl ${verb}\` was begun on ${new Date(startedAt).toISOString().slice(0, 16).replace('T', ' at ')} UTC and has not come to its end${isExclusive ? '; what `up` would do now could undo it' : ''}.`,
      hint: `Run \`rke2ctl ${verb}\`: it goes on where it stopped.`,
    },
  ];
}
