import { open, rename, rm, stat } from 'node:fs/promises';
import { writeClusterFile, writeEmpty, writeMinimal } from '../../config/cluster-template.ts';
import { CancelledError, type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import { openDialog, type PromptStreams } from '../../ui/prompt.ts';
import { askCluster } from '../ask-cluster.ts';
import { configEnvironment } from '../cluster-source.ts';
import type { ConfigFlags } from '../flags.ts';
import { packageFile } from '../installation.ts';

/** The schema of this very installation, for the editor. */
const SCHEMA = packageFile('schemas/cluster.schema.json');

/**
 * `rke2ctl config`: asks, and writes a cluster.yml that is valid; a file that is there already stays as it is unless
 * `--force` is given, and Ctrl-C writes nothing. `--minimal` and `--empty` print a file to be edited and ask nothing.
 */
export async function config(flags: ConfigFlags, streams?: PromptStreams): Promise<ExitCode> {
  if (flags.minimal === true || flags.empty === true) {
    process.stdout.write(flags.minimal === true ? writeMinimal(SCHEMA) : writeEmpty(SCHEMA));
    return 0;
  }
  const [file = ''] = flags.config;
  if (flags.force !== true && (await exists(file))) throw alreadyThere(file);
  const hint = 'Write `rke2ctl config --minimal` into a file and edit that.';
  const dialog = openDialog({ hint }, streams);
  try {
    dialog.tell(`What is asked here goes to ${file}. An empty answer takes what stands in brackets.`);
    const keys = await askCluster(dialog, file, configEnvironment());
    const comment = 'Made by `rke2ctl config`. `rke2ctl explain` says which keys there are beside these.';
    await write(file, writeClusterFile(SCHEMA, comment, keys), flags.force === true);
    const flag = file === 'cluster.yml' ? '' : ` -c ${file}`;
    dialog.tell(
      `Wrote ${file}. \`rke2ctl check${flag}\` looks at the hosts, \`rke2ctl up${flag}\` makes the cluster.`,
    );
    return 0;
  } catch (error) {
    throw error instanceof CancelledError ? nothingWritten() : error;
  } finally {
    dialog.close();
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

/** Whole or not at all; without `replace` also if somebody else was quicker. */
async function write(file: string, text: string, replace: boolean): Promise<void> {
  const target = replace ? `${file}.${process.pid}.tmp` : file;
  const handle = await open(target, 'wx', 0o600).catch((error: unknown) => {
    throw unwritable(file, error);
  });
  try {
    await handle.writeFile(text);
    await handle.sync();
    if (replace) await rename(target, file);
  } catch (error) {
    await rm(target, { force: true });
    throw unwritable(file, error);
  } finally {
    await handle.close();
  }
}

function nothingWritten(): Rke2ctlError {
  return new Rke2ctlError({
    code: 'cancelled',
    message: 'Stopped on request; nothing was written.',
    hint: 'Run the same command again to be asked anew.',
    exitCode: 130,
  });
}

function alreadyThere(file: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'file-exists',
    message: `${file} is there already, and was left as it is.`,
    hint: 'Name another file with `--config FILE`, or pass `--force` to write over it.',
    exitCode: 3,
  });
}

function unwritable(file: string, error: unknown): Rke2ctlError {
  if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return alreadyThere(file);
  return new Rke2ctlError({
    code: 'file-unwritable',
    message: `${file} cannot be written: ${error instanceof Error ? error.message : String(error)}.`,
    hint: 'Name a place where you may write with `--config FILE`.',
    exitCode: 3,
  });
}
