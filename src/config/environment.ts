/** What defaults and paths depend on beside the file itself. */
export interface ConfigEnvironment {
  /** Name of the person who runs rke2ctl: the default SSH user. */
  readonly user: string;
  /** Absolute home directory, for `~`. */
  readonly home: string;
  /** Absolute working directory, for a file that is named by a relative path. */
  readonly cwd: string;
}
