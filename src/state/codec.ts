import type { z } from 'zod';
import { Secret } from '../domain/secret.ts';
import type { State, StateSecrets } from '../domain/state.ts';
import type { Sealer } from './seal.ts';
import {
  describeIssue,
  documentChecksum,
  parseStateDocument,
  SecretsSchema,
  type StateDocument,
  StateDocumentSchema,
} from './state-document.ts';
import { passphraseWrong, stateSealed } from './state-errors.ts';

/**
 * State → the text of its file: JSON with a checksum, tokens sealed if there is a sealer, and no other secret in it. A
 * state that could not be read back throws here, before it replaces one that can.
 */
export async function encodeState(state: State, sealer: Sealer | null): Promise<string> {
  const { schemaVersion, clusterId, serial, ...rest } = state;
  const body = {
    ...{ schemaVersion, clusterId, serial, checksum: '' },
    ...rest,
    secrets: await encodeSecrets(state, sealer),
  };
  // What lies on disk is what JSON keeps, so that is what the checksum is over.
  const plain: Record<string, unknown> = JSON.parse(JSON.stringify(body));
  const document = { ...plain, checksum: documentChecksum(plain) };
  const checked = StateDocumentSchema.safeParse(document);
  if (!checked.success) throw new Error(`the state cannot be written: ${describeIssue(checked.error)}`);
  return `${JSON.stringify(document, null, 2)}\n`;
}

/**
 * Text of a state file → State. `file` is for messages. Rejects with StateError: state-corrupt, state-edited,
 * state-newer, state-rke1, state-sealed, state-passphrase-wrong. A readable file is accepted with a sealer too: the
 * next write seals it.
 */
export async function decodeState(text: string, file: string, sealer: Sealer | null): Promise<State> {
  const { checksum: _verified, secrets, ...rest } = parseStateDocument(text, file);
  return { ...rest, secrets: await decodeSecrets(secrets, rest.clusterId, file, sealer) };
}

async function encodeSecrets(state: State, sealer: Sealer | null): Promise<StateDocument['secrets']> {
  const { next, former, ...tokens } = state.secrets;
  const open: z.output<typeof SecretsSchema> = {
    ...reveal(tokens),
    ...(next === undefined ? {} : { next: reveal(next) }),
    ...(former === undefined
      ? {}
      : { former: former.map(({ serverToken, until }) => ({ serverToken: serverToken.reveal(), until })) }),
  };
  return sealer === null ? open : { sealed: await sealer.seal(JSON.stringify(open), state.clusterId) };
}

async function decodeSecrets(
  secrets: StateDocument['secrets'],
  clusterId: string,
  file: string,
  sealer: Sealer | null,
): Promise<StateSecrets> {
  if (!('sealed' in secrets)) return wrap(secrets);
  if (sealer === null) throw stateSealed(file);
  const opened = SecretsSchema.safeParse(JSON.parse(await sealer.open(secrets.sealed, clusterId, file)));
  if (!opened.success) throw passphraseWrong(file);
  return wrap(opened.data);
}

type Tokens = Pick<StateSecrets, 'serverToken' | 'agentToken'>;

function reveal({ serverToken, agentToken }: Tokens): { serverToken: string; agentToken: string } {
  return { serverToken: serverToken.reveal(), agentToken: agentToken.reveal() };
}

function wrap({ next, former, ...open }: z.output<typeof SecretsSchema>): StateSecrets {
  return {
    ...wrapTokens(open),
    ...(next === undefined ? {} : { next: wrapTokens(next) }),
    ...(former === undefined
      ? {}
      : {
          former: former.map(({ serverToken, until }) => ({ serverToken: new Secret(serverToken), until })),
        }),
  };
}

function wrapTokens(open: { readonly serverToken: string; readonly agentToken: string }): Tokens {
  return { serverToken: new Secret(open.serverToken), agentToken: new Secret(open.agentToken) };
}
