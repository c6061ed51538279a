/** Where in a file a finding points: 1-based line and column. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * One finding about a file, a host or the cluster. `message` says what is wrong and why it matters, `hint` what to do.
 * `code` is a stable kebab-case name; for checks of hosts it is the name that `--ignore-check` takes.
 */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** The key in cluster.yml, as `nodes[0].address`. */
  readonly path?: string;
  readonly position?: SourcePosition;
  /** The host it was found on, as the person named it. */
  readonly node?: string;
}
