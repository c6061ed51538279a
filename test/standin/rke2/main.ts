import { writeFileSync } from 'node:fs';
import { runAgent } from './agent.ts';
import { AGENT_FLAGS, SERVER_FLAGS } from './command-flags.ts';
import { readConfigArguments } from './config-file.ts';
import type { FlagSet, ParsedFlags } from './flags.ts';
import { isKnownFlag, isSet, parseFlags } from './flags.ts';
import { CommandError, enableDebugLog, log, reasonOf } from './log.ts';
import { CERTIFICATE_FLAGS, runCertificate } from './maintenance/certificate-command.ts';
import { ETCD_SNAPSHOT_FLAGS, runEtcdSnapshot } from './maintenance/etcd-snapshot-command.ts';
import { runSecretsEncrypt, SECRETS_ENCRYPT_FLAGS } from './maintenance/secrets-encrypt-command.ts';
import { runToken, TOKEN_FLAGS } from './maintenance/token-command.ts';
import { RELEASE } from './release.ts';
import { runServer } from './server.ts';

const USAGE = `NAME:
   rke2 - Rancher Kubernetes Engine 2 (stand-in)

USAGE:
   rke2 [global options] command [command options]

COMMANDS:
   server           Run management server
   agent            Run node agent
   etcd-snapshot    Manage etcd snapshots
   certificate      Manage RKE2 certificates
   secrets-encrypt  Control secrets encryption and keys rotation
   token            Manage tokens
   help, h          Shows a list of commands or help for one command
`;

/** The entry of `rke2`: picks the command and turns a failure into RKE2's last log line and exit code 1. */
export async function main(argv: readonly string[]): Promise<void> {
  const globals = argv.slice(
    0,
    argv.findIndex((arg) => !arg.startsWith('-')) === -1
      ? argv.length
      : argv.findIndex((arg) => !arg.startsWith('-')),
  );
  const [command, ...args] = argv.slice(globals.length);
  if (globals.some((arg) => arg === '--debug' || arg === '-debug')) enableDebugLog();
  if (globals.includes('--version') || globals.includes('-v')) {
    process.stdout.write(`rke2 version ${RELEASE.version} (stand-in)\ngo version go1.26.5\n`);
    return;
  }
  switch (command) {
    case undefined:
    case 'help':
    case 'h':
      process.stdout.write(USAGE);
      return;
    case 'server':
      nameProcess('server');
      await runServer(readFlags(SERVER_FLAGS, args));
      return;
    case 'agent':
      nameProcess('agent');
      return runAgent(readFlags(AGENT_FLAGS, args));
    case 'etcd-snapshot':
      return runEtcdSnapshotCommand(args);
    case 'certificate':
      return runCertificate(args[0] ?? '', parseFlags(CERTIFICATE_FLAGS, args.slice(1)));
    case 'token':
      return runToken(args[0] ?? '', parseFlags(TOKEN_FLAGS, args.slice(1)));
    case 'secrets-encrypt':
      return runSecretsEncrypt(args[0] ?? '', parseFlags(SECRETS_ENCRYPT_FLAGS, args.slice(1)));
    default:
      throw new CommandError(`No help topic for '${command}'`);
  }
}

async function runEtcdSnapshotCommand(args: readonly string[]): Promise<void> {
  const [subcommand = 'save', ...rest] = args[0]?.startsWith('-') === true ? ['save', ...args] : args;
  return runEtcdSnapshot(subcommand, readFlags(ETCD_SNAPSHOT_FLAGS, rest));
}

/** Shows up as RKE2 does: command line `/usr/local/bin/rke2 server`, short name `rke2`. */
function nameProcess(command: string): void {
  process.title = `${process.argv[1]} ${command}`;
  writeFileSync('/proc/self/comm', 'rke2');
}

/** The configuration file's values first, then the command line's, which win. */
function readFlags(set: FlagSet, args: readonly string[]): ParsedFlags {
  const flags = parseFlags(set, [...readConfigArguments(args, (name) => isKnownFlag(set, name)), ...args]);
  if (isSet(flags, 'debug')) enableDebugLog();
  return flags;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  log('fatal', `Error: ${reasonOf(error)}`);
  process.exit(1);
});
