import { readFile } from 'node:fs/promises';
import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import type { Secret } from '../../domain/secret.ts';
import { writeAtomically } from '../../state/atomic-write.ts';
import { decodeState, encodeState } from '../../state/codec.ts';
import { createSealer, readPassphrase, type Sealer } from '../../state/seal.ts';
import { openHistory } from '../../state/state-history.ts';
import { askPassword } from '../../ui/prompt.ts';
import type { CommonFlags } from '../flags.ts';
import { readDocument, statePathOf, withLocalStore } from '../state/open-local-state.ts';

const HINT =
  'Put the passphrase into a file (one line, mode 0600) and name it in RKE2CTL_STATE_PASSPHRASE_FILE; to change it, name the new one in RKE2CTL_STATE_NEW_PASSPHRASE_FILE.';

/** `rke2ctl state seal`: the tokens in the state and its history under a passphrase, or under another one. */
export async function stateSeal(flags: CommonFlags): Promise<ExitCode> {
  const path = statePathOf(flags);
  const isSealed = 'sealed' in (await readDocument(path)).document.secrets;
  const given = await readPassphrase(process.env);
  const old = isSealed ? (given ?? (await ask('Passphrase of the state now'))) : null;
  const next = (await readNew()) ?? (isSealed ? await askTwice() : (given ?? (await askTwice())));
  return await reseal(path, 'state seal', old, next);
}

/** `rke2ctl state unseal`: the tokens readable again in the state and its history. */
export async function stateUnseal(flags: CommonFlags): Promise<ExitCode> {
  const path = statePathOf(flags);
  if (!('sealed' in (await readDocument(path)).document.secrets)) {
    process.stdout.write(`${path} is not sealed.\n`);
    return 0;
  }
  const passphrase = (await readPassphrase(process.env)) ?? (await ask('Passphrase of the state'));
  return await reseal(path, 'state unseal', passphrase, null);
}

async function reseal(
  path: string,
  command: string,
  old: Secret | null,
  next: Secret | null,
): Promise<ExitCode> {
  const opener = old === null ? null : createSealer(old);
  const sealer = next === null ? null : createSealer(next);
  return await withLocalStore(path, old, command, async (store) => {
    const state = await decodeState(await store.text(), path, opener);
    await store.replace(await encodeState({ ...state, serial: state.serial + 1 }, sealer));
    const left = await resealHistory(path, [opener, sealer], sealer);
    const how = next === null ? 'readable in' : 'sealed in';
    process.stdout.write(`The tokens are ${how} ${path} (serial ${state.serial + 1}) and its history now.\n`);
    for (const file of left) process.stderr.write(`${file} was left as it is: it cannot be opened.\n`);
    process.stderr.write('The copy in the cluster is as it was; `rke2ctl state push` renews it.\n');
    return 0;
  });
}

/** Tokens that stay readable in the history would make the seal worth nothing. Gives the copies that did not open. */
async function resealHistory(
  path: string,
  openers: readonly (Sealer | null)[],
  sealer: Sealer | null,
): Promise<readonly string[]> {
  const left: string[] = [];
  for (const kept of await openHistory(path).list()) {
    const text = await readFile(kept.path, 'utf8');
    const states = await Promise.allSettled(openers.map((opener) => decodeState(text, kept.path, opener)));
    const opened = states.find((each) => each.status === 'fulfilled');
    if (opened === undefined) left.push(kept.path);
    else await writeAtomically(kept.path, await encodeState(opened.value, sealer));
  }
  return left;
}

function readNew(): Promise<Secret | null> {
  return readPassphrase({
    RKE2CTL_STATE_PASSPHRASE_FILE: process.env['RKE2CTL_STATE_NEW_PASSPHRASE_FILE'],
  });
}

async function askTwice(): Promise<Secret> {
  const first = await ask('New passphrase for the state');
  const second = await ask('Once more');
  if (first.reveal() === second.reveal()) return first;
  throw new Rke2ctlError({
    code: 'passphrases-differ',
    message: 'The two passphrases are not the same. Nothing was changed.',
    hint: 'Run the command again.',
  });
}

async function ask(question: string): Promise<Secret> {
  const answer = await askPassword(question, { hint: HINT });
  if (answer !== null) return answer;
  throw new Rke2ctlError({
    code: 'passphrase-empty',
    message: 'The passphrase is empty. Nothing was changed.',
    hint: HINT,
  });
}
