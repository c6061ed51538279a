import { join } from 'node:path';
import { readFileIfAny } from '../files.ts';
import type { ParsedFlags } from '../flags.ts';
import { textOf } from '../flags.ts';
import { CommandError } from '../log.ts';
import { DEFAULT_DATA_DIRECTORY } from '../paths.ts';
import type { SupervisorAccess } from '../supervisor-client.ts';
import { openSupervisor } from '../supervisor-client.ts';

/** The supervisor a maintenance command talks to: the one its flags name, with the token given or the one on disk. */
export async function openLocalSupervisor(
  flags: ParsedFlags,
  names = { server: 'server', token: 'token' },
): Promise<SupervisorAccess> {
  const dataDirectory = textOf(flags, 'data-dir', DEFAULT_DATA_DIRECTORY);
  const file = join(dataDirectory, 'server/token');
  const token = textOf(flags, names.token, readFileIfAny(file)?.trim() ?? '');
  if (token === '') throw new CommandError(`open ${file}: no such file or directory`);
  return openSupervisor(
    textOf(flags, names.server, 'https://127.0.0.1:9345').replace(/\/+$/, ''),
    token,
    'server',
  );
}

/** Columns separated by at least so many spaces, the last one unpadded: what Go's tabwriter makes of tabs. */
export function alignColumns(rows: readonly (readonly string[])[], padding: number): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + padding),
        )
        .join(''),
    )
    .map((line) => `${line}\n`)
    .join('');
}
