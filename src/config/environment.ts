/** What defaults and paths depend on beside the file itself. */
export interface ConfigEnvironment {
  /** Name of the person who runs rke2ctl: the default SSH user. */
  readonly user: string;
  /** Absolute home directory, for `~`. */
  readonly home: string;
  /** Absolute working directory, for a file that is named by a relative path. */
  readonly cwd: string;
  /** Variables that `${NAME}` and `env:NAME` stand for. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Reads a file of the operator's machine, by absolute path; the Error says why it could not. */
  readonly readFile: (absolute: string) => Uint8Array | Error;
  /** Runs the command line of a `command:` secret and gives its output; null where no command may run (`validate`). */
  readonly runCommand: ((line: string) => string | Error) | null;
}
