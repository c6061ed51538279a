import type { BigIntStats } from 'node:fs';
import { chmod, constants, copyFile, link, open, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StateError } from '../domain/errors.ts';
import type { State } from '../domain/state.ts';
import { removeLeftovers, syncFolder, writeAtomically } from './atomic-write.ts';
import { coalesce } from './coalesce.ts';
import { decodeState, encodeState } from './codec.ts';
import type { Sealer } from './seal.ts';
import { parseStateDocument } from './state-document.ts';
import {
  stateExposed,
  stateForeign,
  stateSealed,
  stateSuperseded,
  stateUnreadable,
  stateUnwritable,
  withGoodCopy,
} from './state-errors.ts';
import { openHistory } from './state-history.ts';

/**
 * One cluster's state file, for one run that holds the local lock. All methods reject with StateError; none of them
 * ever writes over a file that it cannot read.
 */
export interface StateStore {
  /** The state, or null when there is no file. Closes the file to others (0600) if it was open. */
  read(): Promise<State | null>;
  /**
   * Resolved when this state, or one given later, is on disk and will survive a loss of power. Writes given while one is
   * under way become one. The store counts the serial up by itself; the one in `state` is only a lower bound.
   */
  write(state: State): Promise<void>;
  /** The file's text as it lies on disk, sealed if it is sealed; for the copy kept in the cluster. */
  text(): Promise<string>;
  /**
   * Puts a text that is a whole state in the file's place, as it is, whatever was there; the serial is not counted up.
   * Only for what a person asked for by name (a copy fetched, secrets sealed); nothing keeps what was there before.
   */
  replace(text: string): Promise<void>;
  /** Copies the file beside itself, whatever is in it, and says where to; null when there is none. */
  backUp(): Promise<string | null>;
  /** Takes the file away, after the cluster is gone. Its last copy stays in the history: snapshots need its token. */
  remove(): Promise<void>;
  /** Moves the file out of the way, whatever is in it, and says where to; null when there is none. For a rebuilt state. */
  setAside(): Promise<string | null>;
}

/** Opens nothing yet; `sealer` (null: tokens lie readable in the file) seals every write. */
export function openStore(path: string, sealer: Sealer | null): StateStore {
  const history = openHistory(path);
  let known: Known = { clusterId: null, serial: null, stamp: null };
  let isTidied = false;

  const writeNow = async (state: State): Promise<void> => {
    if (!isTidied) await removeLeftovers(path).catch(() => {});
    isTidied = true;
    await refuseToClobber(path, state, known, sealer !== null);
    // A state made again starts where the lost one ended, or older copies would pass for newer ones.
    const last = known.serial ?? (await history.highestSerial(state.clusterId));
    const next = { ...state, serial: Math.max(state.serial, last) + 1 };
    const text = await encodeState(next, sealer);
    await writeAtomically(path, text).catch((error: unknown) => {
      throw stateUnwritable(path, error);
    });
    known = { clusterId: next.clusterId, serial: next.serial, stamp: await stampOf(path) };
    // A full disk must not turn a state that is safely written into a failed write.
    await history.keep(next.clusterId, next.serial, text).catch(() => {});
  };
  const writes = coalesce(writeNow);

  return {
    async read() {
      const found = await readClosed(path);
      if (found === null) return null;
      const state = await decodeState(found.text, path, sealer).catch(async (error: unknown) => {
        throw await nameGoodCopy(error, path, () => history.newestGood());
      });
      known = { clusterId: state.clusterId, serial: state.serial, stamp: found.stamp };
      return state;
    },
    write: writes.push,
    async text() {
      await writes.idle();
      const found = await readClosed(path);
      if (found === null) throw stateUnreadable(path, new Error('there is no such file'));
      return found.text;
    },
    async replace(text) {
      await writes.idle();
      const { clusterId, serial } = parseStateDocument(text, path);
      await writeAtomically(path, text).catch((error: unknown) => {
        throw stateUnwritable(path, error);
      });
      known = { clusterId, serial, stamp: await stampOf(path) };
      await history.keep(clusterId, serial, text).catch(() => {});
    },
    async backUp() {
      await writes.idle();
      return await copyAside(path);
    },
    async remove() {
      await writes.idle();
      const found = await readClosed(path);
      if (found === null) return;
      const document = parseStateDocument(found.text, path);
      if (known.clusterId !== null && known.clusterId !== document.clusterId) {
        throw stateForeign(path, document.clusterId, known.clusterId);
      }
      await changeFolder(path, async () => {
        await history.keep(document.clusterId, document.serial, found.text);
        await unlink(path);
      });
    },
    async setAside() {
      await writes.idle();
      return await moveAside(path);
    },
  };
}

/** What this run knows of the file: nulls before it has read or written it. */
interface Known {
  readonly clusterId: string | null;
  readonly serial: number | null;
  readonly stamp: string | null;
}

/** Rejects unless the file on disk is absent, what this run left there, or an earlier state of the same cluster. */
async function refuseToClobber(path: string, state: State, known: Known, isSealing: boolean): Promise<void> {
  if (known.clusterId !== null && known.clusterId !== state.clusterId) {
    throw stateForeign(path, known.clusterId, state.clusterId);
  }
  // Parsing a large state before each of many writes would cost more than the writes.
  const stamp = await stampOf(path);
  if (stamp === null || stamp === known.stamp) return;
  const found = await readClosed(path);
  if (found === null) return;
  const document = parseStateDocument(found.text, path);
  if (document.clusterId !== state.clusterId) throw stateForeign(path, document.clusterId, state.clusterId);
  const base = known.serial ?? state.serial;
  if (document.serial > base) throw stateSuperseded(path, document.serial, base);
  // Without the passphrase this write would lay sealed tokens open.
  if ('sealed' in document.secrets && !isSealing) throw stateSealed(path);
}

/** The file's text and stamp after its mode has been made 0600; null when there is no file. */
async function readClosed(path: string): Promise<{ readonly text: string; readonly stamp: string } | null> {
  try {
    const handle = await open(path, constants.O_RDONLY);
    try {
      const stats = await handle.stat({ bigint: true });
      const mode = Number(stats.mode) & 0o777;
      if ((mode & 0o077) !== 0) {
        await handle.chmod(0o600).catch((error: unknown) => {
          throw stateExposed(path, mode, error);
        });
      }
      return { text: await handle.readFile('utf8'), stamp: toStamp(stats) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof StateError) throw error;
    if (isMissing(error)) return null;
    throw stateUnreadable(path, error);
  }
}

async function stampOf(path: string): Promise<string | null> {
  try {
    return toStamp(await stat(path, { bigint: true }));
  } catch (error) {
    if (isMissing(error)) return null;
    throw stateUnreadable(path, error);
  }
}

/** Changes whenever somebody else writes the file; its mode does not count. */
function toStamp(stats: BigIntStats): string {
  return `${stats.ino} ${stats.size} ${stats.mtimeNs}`;
}

async function nameGoodCopy(
  error: unknown,
  path: string,
  find: () => Promise<string | null>,
): Promise<unknown> {
  if (!(error instanceof StateError)) return error;
  if (error.code !== 'state-corrupt' && error.code !== 'state-edited') return error;
  const copy = await find();
  return copy === null ? error : withGoodCopy(error, copy, path);
}

async function copyAside(path: string): Promise<string | null> {
  for (let number = 1; ; number += 1) {
    const aside = `${path}.aside-${number}`;
    try {
      await copyFile(path, aside, constants.COPYFILE_EXCL);
      await chmod(aside, 0o600);
      return aside;
    } catch (error) {
      if (isMissing(error)) return null;
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') continue;
      throw stateUnwritable(path, error);
    }
  }
}

async function moveAside(path: string): Promise<string | null> {
  for (let number = 1; ; number += 1) {
    const aside = `${path}.aside-${number}`;
    try {
      // link, not rename: it never replaces what an earlier time has set aside.
      await link(path, aside);
    } catch (error) {
      if (isMissing(error)) return null;
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') continue;
      throw stateUnwritable(path, error);
    }
    await changeFolder(path, () => unlink(path));
    return aside;
  }
}

async function changeFolder(path: string, change: () => Promise<void>): Promise<void> {
  try {
    await change();
    await syncFolder(dirname(path));
  } catch (error) {
    throw stateUnwritable(path, error);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
