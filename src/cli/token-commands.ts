import type { Command } from 'commander';
import { maintenance, run } from './command-parts.ts';
import type { MaintenanceFlags } from './flags.ts';

/** The tokens with which nodes join, and which open the snapshots. */
export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('the tokens by which nodes join the cluster');
  maintenance(token.command('rotate'))
    .description('replace server and agent token on every node, one server after the other')
    .action(
      run(async (options: MaintenanceFlags) =>
        (await import('./commands/token-rotate.ts')).tokenRotate(options),
      ),
    );
}
