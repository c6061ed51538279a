import { chown, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type LocalSnapshot, readSnapshotFile } from '../../artifacts/read-snapshot.ts';
import { ArtifactError, type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import { type KnownToken, opensWith, type SnapshotCopy } from '../../domain/snapshot.ts';
import { sizeText, stateText } from '../../ui/snapshots-view.ts';
import { findCaller } from '../cluster-source.ts';
import { sayResult } from '../say-result.ts';
import { fetchCopy, placeText } from '../snapshots/fetch-copy.ts';
import { findSnapshot } from '../snapshots/find-snapshot.ts';
import type { SnapshotDownloadFlags } from '../snapshots/snapshot-flags.ts';
import { withWorkspace } from '../wire.ts';
import type { Workspace } from '../workspace.ts';

/**
 * `rke2ctl etcd snapshot-download NAME`: a whole copy of it to this machine (0600), from a node or from S3. A copy that
 * turns out to be damaged is thrown away and the next one taken. Never writes over a file that is there.
 */
export function snapshotDownload(name: string, flags: SnapshotDownloadFlags): Promise<ExitCode> {
  const options = { command: 'etcd snapshot-download', flags, locks: false, stopping: null } as const;
  return withWorkspace(options, async (workspace) => {
    const { copies, tokens } = await findSnapshot(workspace, name, { contents: false });
    const directory = resolve(flags.out);
    const target = join(directory, name);
    await makeDirectory(directory);
    await refuseFile(target);
    const { copy, snapshot } = await fetchWhole(workspace, copies, target);
    tell({ name, target, copy, snapshot, tokens }, flags);
    return 0;
  });
}

/** Copies on nodes first: what is fetched from there is compared with what lies there. */
async function fetchWhole(workspace: Workspace, copies: readonly SnapshotCopy[], target: string) {
  const reasons: string[] = [];
  const inOrder = [...copies].sort((a, b) => Number(a.place.kind === 's3') - Number(b.place.kind === 's3'));
  // A packed one must keep its ending: it says how the file is to be read.
  const draft = target.endsWith('.zip') ? `${target.slice(0, -4)}.unchecked.zip` : `${target}.unchecked`;
  try {
    for (const copy of inOrder) {
      try {
        await fetchCopy(workspace, copy, draft);
        const snapshot = await readSnapshotFile(draft);
        if (snapshot.content.whole === true) {
          await giveToCaller(draft);
          await rename(draft, target);
          return { copy, snapshot };
        }
        reasons.push(`${placeText(copy)}: ${snapshot.content.problem}`);
      } catch (error) {
        if (workspace.signals.stop.aborted || !(error instanceof Rke2ctlError)) throw error;
        if (inOrder.length === 1) throw error;
        reasons.push(`${placeText(copy)}: ${error.message}`);
      }
    }
  } finally {
    await rm(draft, { force: true });
  }
  throw noneWhole(target, reasons);
}

async function makeDirectory(directory: string): Promise<void> {
  const made = await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new ArtifactError({
      code: 'snapshot-not-written',
      message: `${directory} cannot be made: ${error instanceof Error ? error.message : String(error)}.`,
      hint: 'Name another directory with `--out`.',
      exitCode: 3,
    });
  });
  if (made !== undefined) await giveToCaller(made);
}

/** What `sudo` makes belongs to the one who called it. */
async function giveToCaller(path: string): Promise<void> {
  const { owner } = findCaller(process.env);
  if (owner !== null) await chown(path, owner.uid, owner.gid);
}

async function refuseFile(target: string): Promise<void> {
  const isThere = await stat(target).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  throw new Rke2ctlError({
    code: 'file-exists',
    message: `${target} is there already; it was left as it is.`,
    hint: `Look whether it is what you want with \`rke2ctl etcd snapshot-verify ${target}\`, or name another directory with \`--out\`.`,
    exitCode: 3,
  });
}

function noneWhole(target: string, reasons: readonly string[]): ArtifactError {
  return new ArtifactError({
    code: 'snapshot-damaged',
    message: `No whole copy could be fetched, so that ${target} was not written:\n${reasons.map((reason) => `  ${reason}`).join('\n')}`,
    hint: 'Take another snapshot: `rke2ctl etcd snapshot-list` shows those that are whole.',
  });
}

interface Told {
  readonly name: string;
  readonly target: string;
  readonly copy: SnapshotCopy;
  readonly snapshot: LocalSnapshot;
  readonly tokens: readonly KnownToken[];
}

function tell({ name, target, copy, snapshot, tokens }: Told, flags: SnapshotDownloadFlags): void {
  const { content, sizeBytes } = snapshot;
  const from = placeText(copy);
  sayResult(
    flags,
    `Written: ${target} (${sizeText(sizeBytes)}, from ${from}): ${stateText(content, tokens)}`,
    { name, path: target, from, sizeBytes, ...content, opens: opensWith(content, tokens) },
  );
}
