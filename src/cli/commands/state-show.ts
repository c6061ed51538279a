import type { ExitCode } from '../../domain/errors.ts';
import { renderState } from '../../ui/state-view.ts';
import type { CommonFlags } from '../flags.ts';
import { outputStyle } from '../output-style.ts';
import { readDocument, statePathOf } from '../state/open-local-state.ts';
import { maskState } from '../state/shown-state.ts';

/** `rke2ctl state show`: the state beside cluster.yml without its secrets; needs no passphrase and no network. */
export async function stateShow(flags: CommonFlags): Promise<ExitCode> {
  const { document } = await readDocument(statePathOf(flags));
  const { shown, masked } = maskState(document);
  process.stdout.write(
    flags.output === 'json' ? `${JSON.stringify(masked, null, 2)}\n` : renderState(shown, outputStyle()),
  );
  return 0;
}
