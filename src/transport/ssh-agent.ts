import type { ParsedKey, SignCallback } from 'ssh2';
import ssh2 from 'ssh2';
import { AuthError } from '../domain/errors.ts';
import type { Identity } from './key-ring.ts';
import { fingerprintKey } from './known-hosts.ts';

/** The identities that the agent at a socket holds. Rejects with AuthError when it does not answer. */
export async function listAgentIdentities(socket: string): Promise<Identity[]> {
  const agent = new ssh2.OpenSSHAgent(socket);
  const keys = await new Promise<ParsedKey[]>((resolve, reject) => {
    agent.getIdentities((error, found) => {
      if (error) reject(agentSilent(socket, error));
      else resolve((found ?? []).filter((key) => key instanceof Object && 'getPublicSSH' in key));
    });
  });
  return keys.map((key) => ({
    label: `agent's ${key.comment === '' ? key.type : key.comment} (${fingerprintKey(key.getPublicSSH())})`,
    fromAgent: true,
    isLocked: false,
    path: null,
    publicKey: key,
    sign: (data, hash) =>
      new Promise((resolve, reject) => {
        const done: SignCallback = (error, signature) => {
          if (error || signature === undefined) reject(error ?? new Error('the agent did not sign'));
          else resolve(signature);
        };
        if (hash === 'sha256' || hash === 'sha512') agent.sign(key, data, { hash }, done);
        else agent.sign(key, data, {}, done);
      }),
  }));
}

function agentSilent(socket: string, cause: Error): AuthError {
  return new AuthError({
    code: 'ssh-agent-silent',
    message: `The SSH agent at ${socket} does not answer: ${cause.message}.`,
    hint: 'Start one (`eval "$(ssh-agent)"; ssh-add`), or unset SSH_AUTH_SOCK to do without.',
    cause,
  });
}
