import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { convertRke1 } from '../../config/convert/convert-rke1.ts';
import type { ConversionInput } from '../../config/convert/draft.ts';
import { type OldCluster, readRke1State } from '../../config/convert/read-rke1-state.ts';
import type { Conversion, ConversionEntry } from '../../domain/conversion.ts';
import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import { quoteWord } from '../../lib/shell-quote.ts';
import { parseVersion } from '../../rke2/version.ts';
import { statePaths } from '../../state/state-paths.ts';
import { renderConversion } from '../../ui/conversion-view.ts';
import { decideStyle } from '../../ui/style.ts';
import { configEnvironment } from '../cluster-source.ts';
import type { ConvertFlags } from '../flags.ts';

/**
 * `rke2ctl convert FILE [STATE]`: RKE1's cluster.yml as one of rke2ctl, and what became of each of its keys. Exit 3 when
 * something is left that only a person can mend; the new file is written all the same. With `--check` nothing is
 * written: the hosts are asked what RKE1 left there.
 */
export async function convert(
  file: string,
  state: string | undefined,
  flags: ConvertFlags,
): Promise<ExitCode> {
  if (flags.version !== undefined && parseVersion(flags.version) === null) throw noVersion(flags.version);
  const input: ConversionInput = {
    text: await readText(file),
    file,
    target: flags.out ?? file,
    env: configEnvironment(),
    version: flags.version ?? null,
  };
  const old: OldCluster | null = state === undefined ? null : readRke1State(await readText(state), state);
  const conversion = withStateInTheWay(
    convertRke1(input, old),
    input.target,
    await findRke1State(input.target),
  );
  if (flags.check === true) {
    const { checkOldHosts } = await import('../check-old-hosts.ts');
    return checkOldHosts(conversion, file, flags);
  }
  if (flags.out !== undefined) await writeNew(flags.out, conversion.text);
  if (flags.report !== undefined)
    await writeNew(flags.report, `${JSON.stringify(reportOf(conversion), null, 2)}\n`);
  tell(conversion, file, flags);
  return conversion.findings.some(({ severity }) => severity === 'error') ? 3 : 0;
}

/** RKE1's state where rke2ctl will want to keep its own for the new file; null when none lies there. */
async function findRke1State(target: string): Promise<string | null> {
  const path = statePaths(target).state;
  try {
    readRke1State(await readFile(path, 'utf8'), path);
    return path;
  } catch {
    return null;
  }
}

function withStateInTheWay(conversion: Conversion, target: string, state: string | null): Conversion {
  if (state === null) return conversion;
  const entry: ConversionEntry = {
    kind: 'decision',
    path: '',
    line: null,
    message: `RKE1’s state lies where \`up\` will want to keep its own for ${target}; it is never written over.`,
    hint: `Move it away before \`up\` (\`mv ${quoteWord(state)} ${quoteWord(`${state}.rke1`)}\`), or choose another name than ${target}.`,
  };
  return { ...conversion, entries: [entry, ...conversion.entries] };
}

function tell(conversion: Conversion, file: string, flags: ConvertFlags): void {
  if (flags.output === 'json') {
    const { text } = conversion;
    process.stdout.write(`${JSON.stringify({ out: flags.out ?? null, text, ...reportOf(conversion) })}\n`);
    return;
  }
  const { isTTY, columns } = process.stderr;
  const style = decideStyle({ env: process.env, isTerminal: isTTY === true, columns });
  if (flags.out === undefined) process.stdout.write(conversion.text);
  process.stderr.write(renderConversion(conversion.entries, { file, into: flags.out ?? null }, style));
}

function reportOf({ entries, findings }: Conversion): object {
  return { valid: findings.every(({ severity }) => severity !== 'error'), entries, findings };
}

async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(resolve(path)));
  } catch (error) {
    const isText = !(error instanceof TypeError);
    throw new Rke2ctlError({
      code: isText ? 'file-unreadable' : 'file-not-utf8',
      message: isText
        ? `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`
        : `${path} is not text in UTF-8.`,
      hint: 'Name the cluster.yml that RKE1 was run with, and after it its cluster.rkestate if you have it.',
      exitCode: 3,
    });
  }
}

/** Writes a file that is not there yet. It may hold passwords, as the old one did. */
async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const exists = (error as { code?: string }).code === 'EEXIST';
    throw new Rke2ctlError({
      code: exists ? 'file-exists' : 'file-unwritable',
      message: exists
        ? `${path} is there already, and was left as it is.`
        : `${path} cannot be written: ${error instanceof Error ? error.message : String(error)}.`,
      hint: exists
        ? 'Name a file that is not there yet, or move that one away.'
        : 'Name a file in a folder that you may write to.',
      exitCode: 3,
    });
  }
}

function noVersion(version: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'version-invalid',
    message: `${JSON.stringify(version)} is not a version of RKE2.`,
    hint: 'Write one as `--version v1.35.7+rke2r1`; they are listed at https://github.com/rancher/rke2/releases.',
    exitCode: 3,
  });
}
