import { parseCluster } from '../config/parse-cluster.ts';
import type { Conversion } from '../domain/conversion.ts';
import { ConfigError, type ExitCode } from '../domain/errors.ts';
import { checkHosts } from '../plan/checks/check-hosts.ts';
import { type CheckReport, renderCheckReport } from './check-report.ts';
import { configEnvironment } from './cluster-source.ts';
import type { ConvertFlags } from './flags.ts';
import { withWorkspace } from './wire.ts';

/**
 * Looks at the hosts of an old file as if its new form were to be brought up there: what RKE1 and Docker left, and
 * whatever else would hinder RKE2. Changes nothing. Exit 0 without errors, 1 with, 4 when hosts could not be asked.
 */
export function checkOldHosts(conversion: Conversion, file: string, flags: ConvertFlags): Promise<ExitCode> {
  const { cluster } = parseCluster(conversion.text, file, configEnvironment());
  if (cluster === null) {
    throw new ConfigError(`${file} has to be mended before its hosts can be asked.`, conversion.findings);
  }
  const common = { config: [file], output: flags.output, verbose: flags.verbose === true };
  const loaded = { cluster, findings: [] };
  return withWorkspace(
    { command: 'convert --check', flags: common, locks: false, loaded },
    async (workspace) => {
      const observed = await workspace.sessions.observe(workspace.connectWindow, workspace.signals.stop);
      const findings = checkHosts({
        cluster,
        observed,
        clusterId: null,
        requiredDiskBytes: {},
        architectures: null,
      });
      const unreachable = cluster.nodes.flatMap(({ key }) => {
        const host = observed.hosts[key];
        return host === undefined || host.reachable
          ? []
          : [{ key, message: host.error.message, hint: host.error.hint }];
      });
      const report: CheckReport = { findings, unreachable, ports: [] };
      process.stdout.write(
        flags.output === 'json'
          ? `${JSON.stringify(report)}\n`
          : renderCheckReport(report, cluster.nodes.length),
      );
      if (findings.some(({ severity }) => severity === 'error')) return 1;
      return unreachable.length > 0 ? 4 : 0;
    },
  );
}
