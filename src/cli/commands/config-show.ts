import { escapeVariables } from '../../config/escape-variables.ts';
import { fillDefaults } from '../../config/fill-defaults.ts';
import { formatPath, type Path } from '../../config/finding.ts';
import { maskSecrets } from '../../config/mask-secrets.ts';
import type { ExitCode } from '../../domain/errors.ts';
import { configEnvironment, readCluster } from '../cluster-source.ts';
import { listOrigins, renderConfig, type TellOrigin } from '../config/config-text.ts';
import type { ConfigShowFlags } from '../flags.ts';
import { showFindings } from '../show-findings.ts';

/**
 * `rke2ctl config show`: what the file or files say once they are put together, variables and defaults put in, secrets
 * masked; with `--origin` where each value comes from. `--output json` gives `{config, origins}`.
 */
export async function configShow(flags: ConfigShowFlags): Promise<ExitCode> {
  const { input, findings, originOf } = await readCluster(flags.config);
  const { value, defaults } = fillDefaults(input, flags.config[0] ?? '', configEnvironment());
  const shown = escapeVariables(maskSecrets(value));
  const isDefault = (path: Path) =>
    path.some((_step, index) => defaults.has(formatPath(path.slice(0, index + 1))));
  const tell: TellOrigin = (path) => {
    if (isDefault(path)) return 'default';
    const origin = originOf(path);
    return origin && `${origin.file}:${origin.line}`;
  };
  if (flags.output === 'json') {
    process.stdout.write(`${JSON.stringify({ config: shown, origins: listOrigins(shown, tell) })}\n`);
    return 0;
  }
  showFindings(findings);
  process.stdout.write(renderConfig(shown, flags.origin === true ? tell : null));
  return 0;
}
