import type { Command } from 'commander';
import type { CommonFlags, MaintenanceFlags } from '../flags.ts';
import { common, maintenance, run } from './command-parts.ts';

/** `encrypt …`: how Secrets are encrypted in etcd. */
export function addEncryptCommands(program: Command): void {
  const encrypt = program.command('encrypt').description('the encryption of Secrets in etcd');
  common(encrypt.command('status'))
    .description(
      'with which key Secrets are encrypted, as servers say and etcd shows; exit code 4 when they differ',
    )
    .option('--local', 'this machine alone')
    .action(
      run(async (options: CommonFlags) =>
        (await import('../commands/encrypt-status.ts')).encryptStatus(options),
      ),
    );
  maintenance(encrypt.command('rotate-key'))
    .description('a new key for the Secrets, one control plane after the other; also to change the provider')
    .action(
      run(async (options: MaintenanceFlags) =>
        (await import('../commands/encrypt-rotate-key.ts')).encryptRotateKey(options),
      ),
    );
}
