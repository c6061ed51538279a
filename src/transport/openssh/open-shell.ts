import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ClusterNode } from '../../domain/cluster.ts';
import { Rke2ctlError } from '../../domain/errors.ts';
import { quoteWords } from '../../lib/shell-quote.ts';
import type { TransportContext } from '../transport-context.ts';
import { writeSessionFiles } from './session-files.ts';

/** What a session at the terminal needs otherwise than a program's: OpenSSH takes these before its file. */
const AT_THE_TERMINAL = ['BatchMode=no', 'LogLevel=INFO', 'RequestTTY=auto', 'EscapeChar=~'];

/** What a shell calls a program that a signal ended. */
const ENDED_BY_SIGNAL = 128;

/**
 * Runs OpenSSH's own client on this terminal, with the keys, bastions and known hosts of cluster.yml, and gives its exit
 * code: that of the remote command, or 255. Without words there is a shell; words reach the host as they are.
 */
export async function openShell(
  node: ClusterNode,
  words: readonly string[],
  context: TransportContext,
): Promise<number> {
  const files = await writeSessionFiles(node, context);
  try {
    const options = AT_THE_TERMINAL.flatMap((option) => ['-o', option]);
    const command = words.length === 0 ? [] : [quoteWords(words)];
    const args = ['-F', files.config, ...options, '--', node.address, ...command];
    const client = spawn('ssh', args, { stdio: 'inherit', env: files.env });
    const [code] = await once(client, 'exit').catch((error: unknown) => {
      throw withoutClient(error);
    });
    return typeof code === 'number' ? code : ENDED_BY_SIGNAL;
  } finally {
    await files.remove();
  }
}

function withoutClient(error: unknown): Rke2ctlError {
  const reason = error instanceof Error ? error.message : String(error);
  return new Rke2ctlError({
    code: 'openssh-missing',
    message: `OpenSSH's client (ssh) could not be started on this machine: ${reason}.`,
    hint: 'Install it (package openssh-client), or use `rke2ctl exec`, which does without.',
    cause: error,
  });
}
