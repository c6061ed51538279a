/** A file that cluster.yml names and that is written beside it (0600). */
export interface LocalFile {
  /** Relative to the folder of cluster.yml, as it stands there: `./cluster-adopted/app.yaml`. */
  readonly path: string;
  readonly content: string;
}

/** The folder for what was found on the hosts and cannot stand in cluster.yml itself. */
export function adoptedFolder(config: string): string {
  const base = config.slice(config.lastIndexOf('/') + 1).replace(/\.ya?ml$/i, '');
  return `./${base === '' ? 'cluster' : base}-adopted`;
}
