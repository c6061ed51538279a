import { basename, dirname, extname, join, resolve } from 'node:path';

/** Where everything lies that belongs to one cluster.yml; all absolute, all beside it, all named after it. */
export interface StatePaths {
  readonly state: string;
  readonly lock: string;
  /** Folder of earlier states. */
  readonly history: string;
  readonly journal: string;
  /** What else is worth finding later, for people who look for a fault. */
  readonly log: string;
  /** Where the kubeconfig goes unless the file names another place. */
  readonly kubeconfig: string;
}

/** `cluster.yml` → `cluster.rkestate`, `cluster.rkestate.lock`, `cluster.journal.ndjson`, `kube_config_cluster.yml`. */
export function statePaths(configPath: string): StatePaths {
  const config = resolve(configPath);
  const folder = dirname(config);
  const stem = join(folder, basename(config, extname(config)));
  const state = `${stem}.rkestate`;
  return {
    state,
    lock: `${state}.lock`,
    history: historyFolder(state),
    journal: `${stem}.journal.ndjson`,
    log: `${stem}.log`,
    kubeconfig: join(folder, `kube_config_${basename(config)}`),
  };
}

/** The folder of earlier states that belongs to a state file. */
export function historyFolder(statePath: string): string {
  return `${statePath}.history`;
}
