import { type Command, Option } from 'commander';
import type { CommonFlags, MaintenanceFlags, TokenCreateFlags } from '../flags.ts';
import { common, duration, maintenance, run } from './command-parts.ts';

/** The tokens with which nodes join, and which open the snapshots. */
export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('the tokens by which nodes join the cluster');
  maintenance(token.command('rotate'))
    .description('replace server and agent token on every node, one server after the other')
    .action(
      run(async (options: MaintenanceFlags) =>
        (await import('../commands/token-rotate.ts')).tokenRotate(options),
      ),
    );
  addBootstrapTokens(token);
}

/** Tokens for agents that somebody else brings, for a while. */
function addBootstrapTokens(token: Command): void {
  common(token.command('create'))
    .description('a bootstrap token: agents may join with it until it ends; it is on stdout')
    .addOption(
      new Option('--ttl <duration>', 'after how long it ends').argParser(duration).default(86_400_000, '24h'),
    )
    .option('--description <text>', 'what it is for')
    .option('--local', 'this machine alone')
    .action(
      run(async (options: TokenCreateFlags) =>
        (await import('../commands/token-create.ts')).tokenCreate(options),
      ),
    );
  common(token.command('list'))
    .description('the bootstrap tokens by their ids, and when they end')
    .option('--local', 'this machine alone')
    .action(
      run(async (options: CommonFlags) => (await import('../commands/token-list.ts')).tokenList(options)),
    );
  common(token.command('delete'))
    .description('end bootstrap tokens; nodes that have joined with them stay')
    .argument('<id...>', 'as `token list` shows them')
    .option('--local', 'this machine alone')
    .action((ids: readonly string[], options: CommonFlags) =>
      run(async () => (await import('../commands/token-delete.ts')).tokenDelete(ids, options))(options),
    );
}
