import { readFile } from 'node:fs/promises';
import { type ExitCode, StateError } from '../../domain/errors.ts';
import { parseStateDocument, type StateDocument } from '../../state/state-document.ts';
import { type KeptState, openHistory } from '../../state/state-history.ts';
import { renderHistory, renderState } from '../../ui/state-view.ts';
import type { CommonFlags } from '../flags.ts';
import { outputStyle } from '../output-style.ts';
import { statePathOf } from '../state/open-local-state.ts';
import { maskState } from '../state/shown-state.ts';

/** `rke2ctl state history`: the earlier states that are kept, the last written first. */
export async function stateHistory(flags: CommonFlags): Promise<ExitCode> {
  const kept = await openHistory(statePathOf(flags)).list();
  const entries = await Promise.all(
    kept.map(async ({ writtenAtMs, ...copy }) => {
      const document = await readKept(copy).catch(() => null);
      return {
        serial: copy.serial,
        clusterId: copy.clusterId,
        writtenAt: new Date(writtenAtMs).toISOString(),
        file: copy.path,
        state: document === null ? null : maskState(document).shown,
      };
    }),
  );
  if (flags.output === 'json') {
    const rows = entries.map(({ state, ...entry }) => ({
      ...entry,
      whole: state !== null,
      clusterName: state?.clusterName ?? null,
      version: state?.version ?? null,
      nodes: state === null ? null : Object.keys(state.nodes).length,
    }));
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  } else if (entries.length === 0) process.stderr.write('No earlier states are kept here.\n');
  else process.stdout.write(renderHistory(entries, outputStyle()));
  return 0;
}

/** `rke2ctl state history show SERIAL`: one of them, secrets masked. */
export async function stateHistoryShow(serial: number, flags: CommonFlags): Promise<ExitCode> {
  const path = statePathOf(flags);
  const kept = (await openHistory(path).list()).find((copy) => copy.serial === serial);
  if (kept === undefined) throw notKept(serial, path);
  const { shown, masked } = maskState(await readKept(kept));
  process.stdout.write(
    flags.output === 'json' ? `${JSON.stringify(masked, null, 2)}\n` : renderState(shown, outputStyle()),
  );
  return 0;
}

async function readKept({ path }: KeptState): Promise<StateDocument> {
  return parseStateDocument(await readFile(path, 'utf8'), path);
}

function notKept(serial: number, path: string): StateError {
  return new StateError({
    code: 'state-not-kept',
    message: `No state of serial ${serial} is kept beside ${path}: the last write of each run is, ten of them.`,
    hint: 'See which there are with `rke2ctl state history`.',
    exitCode: 3,
  });
}
