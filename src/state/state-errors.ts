import { StateError } from '../domain/errors.ts';
import { quoteWord } from '../lib/shell-quote.ts';

/*
 * One function for each way a state file can be ill, so that every one has its own code, its own words and the one
 * command that helps. Never pass on what JSON.parse says, not even as a cause: it quotes the text, tokens included.
 */

const REBUILD = '`rke2ctl state rebuild` (with the same --config)';

/** Not whole, not JSON, or not what a state looks like. `detail` ends the sentence "The file …". */
export function stateCorrupt(file: string, detail: string): StateError {
  return new StateError({
    code: 'state-corrupt',
    message: `${file} cannot be used: ${detail}. It was left as it is, and nothing was changed.`,
    hint: `Run ${REBUILD}: it makes the state again from what the hosts know.`,
  });
}

/** Whole and readable, but not what was written: edited by hand, or damaged by the disk. */
export function stateEdited(file: string): StateError {
  return new StateError({
    code: 'state-edited',
    message: `${file} is not as rke2ctl wrote it: its checksum does not fit. It was edited by hand or damaged. Nothing was changed.`,
    hint: `Undo the edit (changes belong into cluster.yml), or run ${REBUILD}: it makes the state again from what the hosts know.`,
  });
}

/** `state-corrupt` or `state-edited`, with the newest earlier copy that is whole as the way out. */
export function withGoodCopy(error: StateError, copy: string, file: string): StateError {
  return new StateError({
    code: error.code,
    message: error.message,
    hint: `The last whole copy is put back with: cp -p ${quoteWord(copy)} ${quoteWord(file)}`,
  });
}

/** A file of RKE1, which has the same name; it holds the CA keys of the RKE1 cluster and must never be written over. */
export function stateOfRke1(file: string): StateError {
  return new StateError({
    code: 'state-rke1',
    message: `${file} belongs to RKE1: it holds the certificates and keys of that cluster. rke2ctl does not read it and will not write over it.`,
    hint: `Keep it under another name, then run the command again: mv ${quoteWord(file)} ${quoteWord(`${file}.rke1`)}`,
  });
}

/** Written by a later rke2ctl, in a form that this one does not know. */
export function stateNewer(file: string, found: number, known: number): StateError {
  return new StateError({
    code: 'state-newer',
    message: `${file} was written by a newer rke2ctl (format ${found}; this one knows up to ${known}). Nothing was changed.`,
    hint: 'Use the rke2ctl that wrote it, or a later one: npx rke2ctl@latest',
  });
}

/** The file is of one cluster, the hosts or the write of another. */
export function stateForeign(file: string, found: string, expected: string): StateError {
  return new StateError({
    code: 'state-foreign',
    message: `${file} belongs to cluster ${found}, but this is cluster ${expected}. It was left as it is, and nothing was changed.`,
    hint: 'Use the state file that belongs to this cluster.yml. If two clusters share a folder, give each its own file name: the state is named after cluster.yml.',
  });
}

/** Hosts carry the markers of a cluster whose state is not here. `where`: `node1` or `3 hosts`. */
export function stateMissing(file: string, where: string, cluster: string, hasCopy: boolean): StateError {
  return new StateError({
    code: 'state-missing',
    message: `${file} is missing, but the cluster ${cluster} is on ${where} already. Going on would make a second cluster on top of it.`,
    hint: hasCopy
      ? 'The cluster holds a copy: fetch it with `rke2ctl state pull`.'
      : 'Bring the state file back beside cluster.yml, or make it again from the hosts with `rke2ctl state rebuild`.',
  });
}

/** The hosts are nodes of another cluster than the state's, all of them. */
export function stateOfOtherCluster(
  file: string,
  ours: string,
  theirs: string,
  hasCopy: boolean,
): StateError {
  return new StateError({
    code: 'state-foreign',
    message: `${file} is the state of the cluster ${ours}, but the hosts are nodes of ${theirs}. Nothing was changed.`,
    hint: `If the hosts are the right ones, run \`rke2ctl state ${hasCopy ? 'pull' : 'rebuild'} --force\`: it puts this file aside and ${hasCopy ? 'fetches the copy that their cluster holds' : 'makes the state again from them'}. If not, mend the addresses in cluster.yml.`,
  });
}

/** The cluster holds a later state than the file: this one comes from a backup, or another operator went on. */
export function stateOlder(file: string, serial: number, copySerial: number): StateError {
  return new StateError({
    code: 'state-older',
    message: `${file} is at serial ${serial}, but the copy in the cluster is at ${copySerial}: somebody has worked on this cluster since with another copy of the file. Nothing was changed.`,
    hint: 'Fetch the later one with `rke2ctl state pull`; it puts this one aside.',
  });
}

/** As many writes as the cluster's copy, and not the same content. */
export function stateDiffers(file: string, serial: number): StateError {
  return new StateError({
    code: 'state-differs',
    message: `${file} and the copy in the cluster are both at serial ${serial}, and their content differs: two people went on from the same state. Nothing was changed.`,
    hint: 'The one in the cluster is of the last run that changed something there: fetch it with `rke2ctl state pull`; it puts this one aside.',
  });
}

/** Somebody wrote the file after this run had read it. */
export function stateSuperseded(file: string, onDisk: number, known: number): StateError {
  return new StateError({
    code: 'state-superseded',
    message: `${file} is at serial ${onDisk}, but this run started from ${known}: somebody else has written it since. The newer one was kept.`,
    hint: 'Run the same command again: it starts from the newer state.',
  });
}

/** The secrets are sealed and no passphrase was given. */
export function stateSealed(file: string): StateError {
  return new StateError({
    code: 'state-sealed',
    message: `The secrets in ${file} are sealed with a passphrase, and none was given.`,
    hint: 'Set RKE2CTL_STATE_PASSPHRASE, or RKE2CTL_STATE_PASSPHRASE_FILE to a file that holds it, and run the command again.',
  });
}

/** The passphrase does not open the secrets. */
export function passphraseWrong(file: string): StateError {
  return new StateError({
    code: 'state-passphrase-wrong',
    message: `The passphrase does not open the secrets in ${file}. Nothing was changed.`,
    hint: 'Set RKE2CTL_STATE_PASSPHRASE (or the file that RKE2CTL_STATE_PASSPHRASE_FILE names) to the one the state was sealed with.',
  });
}

/** RKE2CTL_STATE_PASSPHRASE_FILE names a file that is missing, unreadable or empty. */
export function passphraseUnreadable(file: string, cause?: unknown): StateError {
  return new StateError({
    code: 'state-passphrase-unreadable',
    message: `RKE2CTL_STATE_PASSPHRASE_FILE names ${file}, but ${cause === undefined ? 'it is empty' : `it cannot be read: ${reason(cause)}`}.`,
    hint: 'Write the passphrase into that file (one line, mode 0600), or unset the variable if the state is not sealed.',
    cause,
  });
}

/** The operating system does not let us read the file. */
export function stateUnreadable(file: string, cause: unknown): StateError {
  return new StateError({
    code: 'state-unreadable',
    message: `${file} cannot be read: ${reason(cause)}.`,
    hint:
      'It belongs to the user who ran rke2ctl first. Run as that user, or give the file to yourself: ' +
      `sudo chown "$(id -u)" ${quoteWord(file)}`,
    cause,
  });
}

/** Others may read the file, and it is not ours to close. */
export function stateExposed(file: string, mode: number, cause: unknown): StateError {
  return new StateError({
    code: 'state-exposed',
    message: `${file} holds the cluster's tokens, but others may read it (mode ${mode.toString(8).padStart(4, '0')}), and it cannot be closed: ${reason(cause)}.`,
    hint: `Make it yours alone: sudo chown "$(id -u)" ${quoteWord(file)} && sudo chmod 600 ${quoteWord(file)}`,
    cause,
  });
}

/** The state could not be brought to disk; what was there before is untouched. */
export function stateUnwritable(file: string, cause: unknown): StateError {
  return new StateError({
    code: 'state-unwritable',
    message: `${file} cannot be written: ${reason(cause)}. The state as it was before is still there, whole.`,
    hint: 'Make room or give write access in that folder, then run the same command again: it looks at the hosts and goes on from there.',
    cause,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than this process may write',
  EIO: 'the disk reports an error',
  EISDIR: 'it is a directory',
  ENOENT: 'there is no such file or folder',
  ENOSPC: 'no space is left on the device',
  ENOTDIR: 'a part of its path is not a folder',
  EPERM: 'the operation is not permitted',
  EROFS: 'the file system is read-only',
};

function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return 'for an unknown reason';
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return REASONS[code] ?? cause.message;
}
