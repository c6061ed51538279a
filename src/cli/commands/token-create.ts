import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import { createBootstrapToken } from '../../host/bootstrap-tokens.ts';
import { ageText } from '../../ui/age-text.ts';
import { askControlPlane } from '../ask-control-plane.ts';
import type { TokenCreateFlags } from '../flags.ts';
import { withWorkspace } from '../wire.ts';

/** As long as a certificate of Kubernetes; a token for longer is none for a while. */
const LONGEST_MS = 365 * 24 * 3_600_000;

/** `rke2ctl token create`: a token with which agents may join until it ends; it alone is on stdout, and nowhere else. */
export function tokenCreate(flags: TokenCreateFlags): Promise<ExitCode> {
  const { ttl: ttlMs, description = '' } = flags;
  if (ttlMs > LONGEST_MS) throw tooLong();
  return withWorkspace({ command: 'token create', flags, locks: false }, async (workspace) => {
    const signal = workspace.signals.stop;
    const { value: token } = await askControlPlane(workspace, (host) =>
      createBootstrapToken(host, { ttlMs, description }, { signal }),
    );
    const text = token.reveal();
    const id = text.split('::')[1]?.split('.')[0] ?? '';
    const expires = new Date(Date.now() + ttlMs).toISOString();
    const result = JSON.stringify({ id, token: text, expires, description });
    process.stdout.write(flags.output === 'json' ? `${result}\n` : `${text}\n`);
    if (flags.output !== 'json') {
      const message = `Agents may join with it for ${ageText(ttlMs)}; \`rke2ctl token delete ${id}\` ends that sooner.`;
      process.stderr.write(`${message}\n`);
    }
    return 0;
  });
}

function tooLong(): Rke2ctlError {
  return new Rke2ctlError({
    code: 'ttl-too-long',
    message: '`--ttl` is for more than a year. A bootstrap token is one for a while.',
    hint: 'Give a shorter time, such as `--ttl 24h`.',
    exitCode: 3,
  });
}
