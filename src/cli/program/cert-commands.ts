import { type Command, InvalidArgumentError } from 'commander';
import type { CertCheckFlags, CertRotateFlags, GenerateCsrFlags } from '../flags.ts';
import { common, maintenance, outputOption, run } from './command-parts.ts';

/** `cert …`: what concerns RKE2's certificates and authorities. */
export function addCertCommands(program: Command): void {
  const cert = program.command('cert').description('certificates and authorities of RKE2');
  addCheck(cert);
  addRotate(cert);
  addGenerateCsr(cert);
}

function addCheck(cert: Command): void {
  common(cert.command('check'))
    .description('say when certificates end, in files and as served; exit code 4 when one soon does')
    .argument('[selector...]', 'name, address, role, label as key=value, or all; without any: all')
    .option('--warn-days <n>', 'fewer days than these are too few', days, 30)
    .option('--node <node...>', 'only these nodes; the same as a selector')
    .option('--all', 'a line for every certificate')
    .option('--local', 'this machine alone')
    .action((selectors: readonly string[], options: CertCheckFlags) =>
      run(async () => (await import('../commands/cert-check.ts')).certCheck(selectors, options))(options),
    );
}

function addRotate(cert: Command): void {
  maintenance(cert.command('rotate'))
    .description('new certificates from the authorities that there are, one server after the other')
    .option('--service <name...>', 'only of these, in RKE2’s or RKE1’s words: etcd, kube-apiserver, …')
    .option('--node <name...>', 'only on these nodes')
    .option(
      '--rotate-ca',
      'other authorities: those of `certificates.ca`, or new ones; the old ones vouch for them',
    )
    .option(
      '--force',
      'with --rotate-ca: the old ones vouch for nothing; whoever trusts only them is shut out',
    )
    .hook('preAction', (_program, action) => {
      const { rotateCa, force, service, node } = action.opts<CertRotateFlags>();
      if (rotateCa === true && (service !== undefined || node !== undefined))
        action.error('error: --rotate-ca is for the whole cluster, so not with --service or --node');
      if (force === true && rotateCa !== true) action.error('error: --force goes with --rotate-ca');
    })
    .action(
      run(async (options: CertRotateFlags) =>
        options.rotateCa === true
          ? (await import('../commands/cert-rotate-ca.ts')).certRotateCa(options)
          : (await import('../commands/cert-rotate.ts')).certRotate(options),
      ),
    );
}

function addGenerateCsr(cert: Command): void {
  cert
    .command('generate-csr')
    .description('make keys and requests for CAs of your own, to be signed elsewhere or here')
    .option('--cert-dir <dir>', 'where they go; what is there already stays', './ca')
    .option(
      '--ca-cert <file>',
      'with --ca-key: sign with this CA, at once; who vouches for it stands behind it',
    )
    .option('--ca-key <file>', 'with --ca-cert: its private key')
    .addOption(outputOption())
    .action(
      run(async (options: GenerateCsrFlags) =>
        (await import('../commands/cert-generate-csr.ts')).certGenerateCsr(options),
      ),
    );
}

function days(text: string): number {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text))
    throw new InvalidArgumentError('It must be a whole number of days, 0 or more.');
  return value;
}
