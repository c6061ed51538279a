import type { ParsedFlags } from '../flags.ts';
import { isSet, makeFlagSet, textOf } from '../flags.ts';
import { CommandError, reasonOf } from '../log.ts';
import { getFromSupervisor, sendToSupervisor } from '../supervisor-client.ts';
import type { EncryptionRequest, EncryptionStatus } from './encryption-route.ts';
import { alignColumns, openLocalSupervisor } from './local-supervisor.ts';

export const SECRETS_ENCRYPT_FLAGS = makeFlagSet(
  { string: 'data-dir server token output', bool: 'debug force skip f' },
  { d: 'data-dir', t: 'token', o: 'output', s: 'server' },
);

/** What each subcommand asks for and what it prints when the server agreed. */
const REQUESTS: Readonly<Record<string, readonly [EncryptionRequest, string]>> = {
  enable: [{ enable: true }, 'secrets-encryption enabled'],
  disable: [{ enable: false }, 'secrets-encryption disabled'],
  prepare: [{ stage: 'prepare' }, 'prepare completed successfully'],
  rotate: [{ stage: 'rotate' }, 'rotate completed successfully'],
  reencrypt: [{ stage: 'reencrypt_active' }, 'reencryption started'],
  'rotate-keys': [{ stage: 'rotate_keys' }, 'keys rotated, reencryption finished'],
};

/** `rke2 secrets-encrypt …`; everything goes to stdout. */
export async function runSecretsEncrypt(subcommand: string, flags: ParsedFlags): Promise<void> {
  const request = REQUESTS[subcommand];
  if (subcommand !== 'status' && request === undefined)
    throw new CommandError(`No help topic for '${subcommand}'`);
  const access = await openLocalSupervisor(flags);
  try {
    if (request !== undefined) {
      const wanted = { ...request[0], force: isSet(flags, 'force'), skip: isSet(flags, 'skip') };
      await sendToSupervisor(access, 'PUT', '/v1-rke2/encrypt/config', wanted);
      process.stdout.write(`${request[1]}\n`);
      return;
    }
    const status = JSON.parse(
      (await getFromSupervisor(access, '/v1-rke2/encrypt/status')).toString(),
    ) as EncryptionStatus;
    process.stdout.write(
      textOf(flags, 'output') === 'json' ? `${JSON.stringify(status, null, '\t')}\n` : render(status),
    );
  } catch (error) {
    throw new CommandError(`see server log for details: ${reasonOf(error)}`);
  }
}

function render(status: EncryptionStatus): string {
  if (status.enable === undefined) return 'Encryption Status: Disabled, no configuration file found\n';
  const words = (key: string): readonly string[] => key.split(' ');
  const rows = [
    ['Active', 'Key Type', 'Name'],
    ['------', '--------', '----'],
    ...(status.activekey === '' ? [] : [[' *', ...words(status.activekey)]]),
    ...status.inactivekeys.map((name) => ['', ...words(name)]),
  ];
  return [
    `Encryption Status: ${status.enable ? 'Enabled' : 'Disabled'}\n`,
    `Current Rotation Stage: ${status.stage}\n`,
    `Server Encryption Hashes: ${status.hashmatch ? 'All hashes match' : status.hasherror}\n\n`,
    alignColumns(rows, 2),
    '\n',
  ].join('');
}
