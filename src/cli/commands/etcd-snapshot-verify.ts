import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { readSnapshotFile } from '../../artifacts/read-snapshot.ts';
import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import {
  type KnownToken,
  opensWith,
  type SnapshotContent,
  type SnapshotCopy,
} from '../../domain/snapshot.ts';
import { countSnapshotKeys, type SnapshotCount } from '../../host/count-snapshot-keys.ts';
import { sizeText, stateText } from '../../ui/snapshots-view.ts';
import type { CommonFlags } from '../flags.ts';
import { fetchCopy, placeText } from '../snapshots/fetch-copy.ts';
import { findSnapshot } from '../snapshots/find-snapshot.ts';
import { knownTokensOf } from '../snapshots/gather-snapshots.ts';
import { withWorkspace } from '../wire.ts';
import type { Workspace } from '../workspace.ts';

interface Verified extends SnapshotContent {
  /** `node1`, `S3`, or a path of this machine. */
  readonly where: string;
  readonly sizeBytes: number;
  readonly opens: boolean | null;
  /** null: there was no etcd to count them. */
  readonly count: SnapshotCount | null;
}

/**
 * `rke2ctl etcd snapshot-verify NAME|FILE`: reads every copy of a snapshot, or a file here, from end to end. Exit 0 when
 * each is whole and opens with a token of the state, 4 when not, or when a place could not be asked.
 */
export function snapshotVerify(what: string, flags: CommonFlags): Promise<ExitCode> {
  const options = { command: 'etcd snapshot-verify', flags, locks: false, stopping: null } as const;
  return withWorkspace(options, async (workspace) => {
    const isHere = await stat(what).then(
      (found) => found.isFile(),
      () => false,
    );
    const tokens = await knownTokensOf(workspace);
    const { verified, unasked } = isHere
      ? { verified: [await verifyFile(what, tokens)], unasked: [] }
      : await verifyCopies(workspace, what, tokens);
    const name = isHere ? basename(what) : what;
    if (flags.output === 'json')
      process.stdout.write(`${JSON.stringify({ name, copies: verified, unasked })}\n`);
    else process.stdout.write(verified.map((each) => describe(name, each, tokens)).join(''));
    for (const { place, reason } of flags.output === 'json' ? [] : unasked)
      process.stderr.write(`Not asked: ${place}: ${reason}\n`);
    const isWell = verified.every(({ whole, opens }) => whole === true && opens !== false);
    return isWell && unasked.length === 0 ? 0 : 4;
  });
}

async function verifyFile(path: string, tokens: readonly KnownToken[]): Promise<Verified> {
  const { content, sizeBytes } = await readSnapshotFile(path);
  return { ...content, where: resolve(path), sizeBytes, opens: opensWith(content, tokens), count: null };
}

async function verifyCopies(workspace: Workspace, name: string, tokens: readonly KnownToken[]) {
  const found = await findSnapshot(workspace, name, { contents: true });
  const unasked = [...found.unasked];
  const verified: Verified[] = [];
  for (const copy of found.copies) {
    try {
      verified.push(await verifyCopy(workspace, copy, tokens));
    } catch (error) {
      if (workspace.signals.stop.aborted || !(error instanceof Rke2ctlError)) throw error;
      unasked.push({ place: placeText(copy), reason: `${error.message} ${error.hint}` });
    }
  }
  return { verified, unasked };
}

async function verifyCopy(
  workspace: Workspace,
  copy: SnapshotCopy,
  tokens: readonly KnownToken[],
): Promise<Verified> {
  const where = placeText(copy);
  if (copy.place.kind === 's3') {
    const directory = await mkdtemp(join(tmpdir(), 'rke2ctl-snapshot-'));
    try {
      const target = join(directory, basename(copy.name));
      await fetchCopy(workspace, copy, target);
      return { ...(await verifyFile(target, tokens)), where };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
  const { whole, tokenIds, version, problem, sizeBytes } = copy;
  const count = whole === true && !copy.name.endsWith('.zip') ? await countOn(workspace, copy.place) : null;
  return { where, sizeBytes, whole, tokenIds, version, problem, opens: opensWith(copy, tokens), count };
}

async function countOn(
  { cluster, connect, signals }: Workspace,
  { key, path }: { readonly key: string; readonly path: string },
): Promise<SnapshotCount | null> {
  const node = cluster.nodes.find((each) => each.key === key);
  if (node === undefined) return null;
  const { host, transport } = await connect(node, signals.stop);
  try {
    return await countSnapshotKeys(host, path, { signal: signals.stop });
  } finally {
    await transport.close();
  }
}

function describe(name: string, each: Verified, tokens: readonly KnownToken[]): string {
  const { whole, tokenIds, version, count, where } = each;
  const parts = [
    whole === true ? `whole (${sizeText(each.sizeBytes)})` : 'NOT WHOLE',
    stateText(each, tokens),
    ...(tokenIds === null || tokenIds.length === 0 ? [] : [`token ${tokenIds.join(' or ')}`]),
    ...(version === null ? [] : [`RKE2 ${version}`]),
    count === null ? 'keys not counted' : `${count.keys} keys, revision ${count.revision}`,
  ];
  return `${name} on ${where}: ${parts.join('; ')}\n`.replace(' on S3:', ' in S3:');
}
