import type { Role } from '../domain/role.ts';
import type { State } from '../domain/state.ts';
import { AGENT_TOKEN_PATH, SERVER_TOKEN_PATH } from '../rke2/paths.ts';
import { isServer } from '../rke2/roles.ts';
import type { RenderedFile } from './rendered-file.ts';

/**
 * The token files of a node. The node that bootstraps has the bare password, as the CA does not exist yet; everyone who
 * joins gets the full form that pins the CA, or null content until that CA is known. Agents never see the server token.
 */
export function renderTokenFiles(
  roles: readonly Role[],
  bootstraps: boolean,
  state: State,
): readonly RenderedFile[] {
  const agentPassword = state.secrets.agentToken.reveal();
  const pinned = (user: 'server' | 'node', password: string) =>
    state.caHash === null ? null : `K10${state.caHash}::${user}:${password}\n`;
  if (!isServer(roles)) {
    return [tokenFile(AGENT_TOKEN_PATH, pinned('node', agentPassword))];
  }
  const serverPassword = state.secrets.serverToken.reveal();
  return [
    tokenFile(SERVER_TOKEN_PATH, bootstraps ? `${serverPassword}\n` : pinned('server', serverPassword)),
    tokenFile(AGENT_TOKEN_PATH, `${agentPassword}\n`),
  ];
}

/** A running service has its token, and needs no restart when somebody put the file right again. */
function tokenFile(path: string, content: string | null): RenderedFile {
  return { path, mode: '0600', content, secret: true, readAtStart: false };
}
