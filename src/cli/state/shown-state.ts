import { MASK, maskSecrets } from '../../config/mask-secrets.ts';
import type { StateDocument } from '../../state/state-document.ts';
import type { ShownState } from '../../ui/state-view.ts';

/** A state without its secrets, for people (`shown`) and whole for programs (`masked`). */
export function maskState(document: StateDocument): {
  readonly shown: ShownState;
  readonly masked: Readonly<Record<string, unknown>>;
} {
  const { secrets, ...rest } = document;
  const sealed = 'sealed' in secrets;
  const masked = {
    ...rest,
    // Neither is to hold any; what somebody wrote into a value by mistake is masked all the same.
    desired: maskSecrets(rest.desired),
    addons: maskSecrets(rest.addons) as StateDocument['addons'],
    secrets: sealed ? { sealed: MASK } : { serverToken: MASK, agentToken: MASK },
  };
  return { shown: { ...rest, sealed }, masked };
}
