import { readFile } from 'node:fs/promises';
import type { ExitCode } from '../../domain/errors.ts';
import { quoteWord } from '../../lib/shell-quote.ts';
import { describeHolder, parseHolder } from '../../state/lock-holder.ts';
import { judgeHolder } from '../../state/process-identity.ts';
import type { CommonFlags } from '../flags.ts';
import { statePathOf } from '../state/open-local-state.ts';

const NEVER_STALE =
  'On the hosts nothing can be left over: each lock there is held by an open connection and falls with it.';

/** `rke2ctl state unlock`: who holds the cluster's lock, and why nothing has to be unlocked. Takes nothing away. */
export async function stateUnlock(flags: CommonFlags): Promise<ExitCode> {
  const path = `${statePathOf(flags)}.lock`;
  const text = await readFile(path, 'utf8').catch(() => null);
  const holder = parseHolder(text);
  const holds = holder === null ? (text === null ? 'nobody' : 'unreadable') : await judgeHolder(holder);
  if (flags.output === 'json') {
    const shown = holder === null ? null : { ...holder, nonce: undefined };
    process.stdout.write(`${JSON.stringify({ lock: path, state: holds, holder: shown }, null, 2)}\n`);
    return holds === 'alive' ? 5 : 0;
  }
  const who = holder === null ? '' : describeHolder(holder);
  const words = {
    nobody: 'Nobody holds the lock; there is nothing to unlock.',
    alive: `The lock is held by ${who}. That process lives: wait until it has ended, or stop it with Ctrl-C where it runs.`,
    dead: `The lock names ${who}. That process is gone, so the next command takes the lock over by itself; there is nothing to unlock.`,
    unknown: `The lock names ${who}. Whether that process lives cannot be seen from here: look on ${holder?.host ?? 'that machine'}. Only if it is gone for certain: rm ${quoteWord(path)}`,
    unreadable: `${path} says nothing about its holder: it is damaged, or another version wrote it. Make sure that no rke2ctl works on this cluster, then: rm ${quoteWord(path)}`,
  } as const;
  process.stdout.write(`${words[holds]}\n${NEVER_STALE}\n`);
  return holds === 'alive' ? 5 : 0;
}
