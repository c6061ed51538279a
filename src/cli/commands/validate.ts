import type { Diagnostic } from '../../domain/diagnostic.ts';
import { ConfigError, type ExitCode } from '../../domain/errors.ts';
import { renderValidation } from '../../ui/validation-view.ts';
import { readCluster } from '../cluster-source.ts';
import type { CommonFlags } from '../flags.ts';
import { outputStyle } from '../output-style.ts';

/**
 * `rke2ctl validate`: the file alone, no network. The page of findings is its result and goes to stdout, with
 * `--output json` as `{valid, cluster, findings}`. Exit 3 when there are mistakes.
 */
export async function validate(flags: CommonFlags): Promise<ExitCode> {
  const { cluster, findings } = await readFindings(flags);
  const text =
    flags.output === 'json'
      ? `${JSON.stringify({ valid: cluster !== null, cluster, findings })}\n`
      : renderValidation({ config: flags.config.join(' with '), findings, cluster }, outputStyle());
  process.stdout.write(text);
  return cluster === null ? 3 : 0;
}

interface Findings {
  readonly cluster: { readonly name: string; readonly nodes: number } | null;
  readonly findings: readonly Diagnostic[];
}

async function readFindings(flags: CommonFlags): Promise<Findings> {
  try {
    const { cluster, findings } = await readCluster(flags.config);
    return { cluster: { name: cluster.name, nodes: cluster.nodes.length }, findings };
  } catch (error) {
    // A file that is not there was not looked at: nothing can be said of it.
    if (!(error instanceof ConfigError) || error.diagnostics.some(({ code }) => code.startsWith('file-')))
      throw error;
    return { cluster: null, findings: error.diagnostics };
  }
}
