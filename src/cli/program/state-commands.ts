import type { Command } from 'commander';
import type { CommonFlags, ForceFlags } from '../flags.ts';
import { common, positive, run } from './command-parts.ts';

/** The verbs of `rke2ctl state`. */
export function addStateCommands(program: Command): void {
  const state = program.command('state').description('the state file: what rke2ctl did and must not lose');
  stateCommand(state, 'show')
    .description('show the state; tokens are masked; no network')
    .action(
      run(async (options: CommonFlags) => (await import('../commands/state-show.ts')).stateShow(options)),
    );
  const history = stateCommand(state, 'history')
    .description('list the earlier states that are kept beside the state')
    .action(
      run(async (options: CommonFlags) =>
        (await import('../commands/state-history.ts')).stateHistory(options),
      ),
    );
  stateCommand(history, 'show')
    .argument('<serial>', 'which one', positive)
    .description('show one of them; tokens are masked')
    .action((serial: number, options: CommonFlags) =>
      run(async () => (await import('../commands/state-history.ts')).stateHistoryShow(serial, options))(
        options,
      ),
    );
  force(stateCommand(state, 'pull'), 'also over a newer file, or one of another cluster; it is put aside')
    .description('fetch the copy of the state that the cluster holds')
    .action(
      run(async (options: ForceFlags) => (await import('../commands/state-pull.ts')).statePull(options)),
    );
  force(stateCommand(state, 'push'), 'also over a newer copy')
    .description('put the state into the cluster as its copy')
    .action(
      run(async (options: ForceFlags) => (await import('../commands/state-push.ts')).statePush(options)),
    );
  force(stateCommand(state, 'rebuild'), 'also when there is a state that can be read; it is put aside')
    .description('make a lost cluster.rkestate again from what the hosts hold')
    .action(
      run(async (options: ForceFlags) =>
        (await import('../commands/state-rebuild.ts')).stateRebuild(options),
      ),
    );
  stateCommand(state, 'unlock')
    .description('say who holds the lock, and why there is nothing to unlock')
    .action(
      run(async (options: CommonFlags) => (await import('../commands/state-unlock.ts')).stateUnlock(options)),
    );
  stateCommand(state, 'seal')
    .description('put the tokens in the state under a passphrase, or under another one')
    .action(
      run(async (options: CommonFlags) => (await import('../commands/state-seal.ts')).stateSeal(options)),
    );
  stateCommand(state, 'unseal')
    .description('make the tokens in the state readable again')
    .action(
      run(async (options: CommonFlags) => (await import('../commands/state-seal.ts')).stateUnseal(options)),
    );
}

function stateCommand(state: Command, name: string): Command {
  return common(state.command(name)).option('--local', 'this machine alone');
}

function force(command: Command, description: string): Command {
  return command.option('--force', description);
}
