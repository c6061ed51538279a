import type { Diagnostic } from '../domain/diagnostic.ts';
import type { ObjectRef } from '../domain/state.ts';
import type { AddonLoss } from './addon-losses.ts';

/**
 * Warns of objects that take more with them than themselves: namespaces all that is in them, kinds all their objects,
 * claims and volumes their data. Said before anything is deleted; nothing that is deleted comes back.
 */
export function checkLosses(losses: readonly AddonLoss[]): readonly Diagnostic[] {
  return losses.flatMap((loss) => [
    ...loss.objects.flatMap((object) => lost(loss, object)),
    ...loss.moves.flatMap(({ object, to }) => moved(loss, object, to)),
    ...loss.stays.map((object) => stays(loss, object)),
  ]);
}

const CONSEQUENCES: Readonly<Record<string, string>> = {
  Namespace: 'and with it everything that is in it, whoever put it there',
  CustomResourceDefinition: 'and with it every object of that kind in the whole cluster',
  PersistentVolumeClaim: 'and with it the data of its volume, unless its reclaim policy is Retain',
  PersistentVolume: 'and with it the data in it, unless its reclaim policy is Retain',
};

function lost({ name, whole }: AddonLoss, object: ObjectRef): readonly Diagnostic[] {
  const consequence = CONSEQUENCES[object.kind];
  if (consequence === undefined) return [];
  return [
    {
      severity: 'warning',
      code: 'addon-takes-data',
      message: `${words(object)} is deleted by this change, ${consequence}: ${whole ? `the file no longer names ${name}` : `${name} no longer has it`}.`,
      hint: whole
        ? `If it is to stay, put ${name} back into the file before \`rke2ctl up\`.`
        : `If it is to stay, put it back into ${name} before \`rke2ctl up\`.`,
    },
  ];
}

/** RKE2 takes its manifests one after the other; whoever applies first with the new text deletes or adopts. */
function moved({ name }: AddonLoss, object: ObjectRef, to: string): readonly Diagnostic[] {
  const consequence = CONSEQUENCES[object.kind];
  if (consequence === undefined) return [];
  return [
    {
      severity: 'warning',
      code: 'addon-takes-data',
      message: `${words(object)} moves from ${name} to ${to}: if RKE2 comes to ${name} first, it deletes it, ${consequence}, before ${to} makes it anew.`,
      hint: `Do it in two steps: leave it in both and run \`rke2ctl up\`, then take it out of ${name} and run it again.`,
    },
  ];
}

function stays({ name }: AddonLoss, object: ObjectRef): Diagnostic {
  const use = object.kind === 'Namespace' ? 'live in it' : 'are of its API group';
  return {
    severity: 'warning',
    code: 'addon-object-stays',
    message: `The file no longer names ${name}, but ${words(object)} stays in the cluster: other things of the file ${use} and would go with it.`,
    hint: 'If they are gone one day, delete it with kubectl: rke2ctl will no longer know of it.',
  };
}

function words({ kind, namespace, name }: ObjectRef): string {
  return namespace === null || kind === 'Namespace' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}
