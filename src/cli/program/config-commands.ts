import { type Command, Option } from 'commander';
import type { ConfigFlags, ConfigImagesFlags, ConfigShowFlags } from '../flags.ts';
import { common, fileOption, outputOption, run } from './command-parts.ts';

/** `rke2ctl config`, and what it can say of a file. */
export function addConfigCommands(program: Command): void {
  const config = program
    .command('config')
    .description('ask, and write a cluster.yml; or say what one says')
    .addOption(fileOption('the file to write'))
    .addOption(outputOption().hideHelp())
    .addOption(new Option('--minimal', 'print the least that makes a cluster').conflicts('empty'))
    .option('--empty', 'print a file with every key, commented out')
    .option('--force', 'write over a file that is there')
    .action(run(async (options: ConfigFlags) => (await import('../commands/config.ts')).config(options)));
  common(config.command('show'))
    .description('show what the file says with variables and defaults put in; secrets are masked')
    .option('--origin', 'say of each value where it comes from')
    .action(
      run(async (options: ConfigShowFlags) =>
        (await import('../commands/config-show.ts')).configShow(options),
      ),
    );
  common(config.command('images'))
    .description('list the images that the cluster needs, for mirroring; no network')
    .addOption(
      new Option('--arch <arch>', 'of this architecture only (default: what the artifacts hold)').choices([
        'amd64',
        'arm64',
      ]),
    )
    .action(
      run(async (options: ConfigImagesFlags) =>
        (await import('../commands/config-images.ts')).configImages(options),
      ),
    );
}
