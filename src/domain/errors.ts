import type { Diagnostic } from './diagnostic.ts';

/** 0 done; 1 failed; 2 `plan` found changes; 3 bad configuration; 4 partly failed or unhealthy; 5 locked; 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 130;

export interface ErrorDetails {
  readonly code: string;
  readonly message: string;
  /** What to do next, as a sentence to the person at the terminal. */
  readonly hint: string;
  readonly exitCode?: ExitCode;
  /** True when trying the very same thing again may succeed. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** The one family of errors that people see. Anything else that reaches the top is a defect of ours. */
export class Rke2ctlError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly exitCode: ExitCode;
  readonly retryable: boolean;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = details.code;
    this.hint = details.hint;
    this.exitCode = details.exitCode ?? 1;
    this.retryable = details.retryable ?? false;
  }
}

/** The file (or what the hosts say of it) is wrong; carries every finding. Exit code 3. */
export class ConfigError extends Rke2ctlError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(message: string, diagnostics: readonly Diagnostic[]) {
    super({
      code: 'config-invalid',
      message,
      hint: 'Mend the findings above and run the command again.',
      exitCode: 3,
    });
    this.diagnostics = diagnostics;
  }
}

/**
 * The hosts are not fit for what is asked; carries every finding of the checks. Exit code 1; nothing was changed. `words`:
 * of a command that does not do what the file says.
 */
export class CheckError extends Rke2ctlError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(
    diagnostics: readonly Diagnostic[],
    words: Partial<Pick<ErrorDetails, 'message' | 'hint'>> = {},
  ) {
    super({
      code: 'checks-failed',
      message: 'The hosts are not ready for this cluster; nothing was changed.',
      hint: 'Mend the findings above, or pass `--ignore-check NAME` for one that you know to be harmless.',
      ...words,
    });
    this.diagnostics = diagnostics;
  }
}

/** Hosts that cannot be taken over as one cluster; carries every reason. Exit code 1; nothing was changed or written. */
export class AdoptError extends Rke2ctlError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super({
      code: 'not-adoptable',
      message: 'These hosts cannot be taken over as one cluster; nothing was changed or written.',
      hint: 'Mend the findings above and run `rke2ctl adopt` again.',
    });
    this.diagnostics = diagnostics;
  }
}

/** Somebody else holds the cluster's lock. Exit code 5. */
export class LockedError extends Rke2ctlError {
  constructor(message: string, hint: string) {
    super({ code: 'locked', message, hint, exitCode: 5 });
  }
}

/** The state file is missing, corrupt, older or foreign. The hint names the command that recovers it. */
export class StateError extends Rke2ctlError {}

/** Artifacts are missing, incomplete or do not match their checksums. */
export class ArtifactError extends Rke2ctlError {}

/** The host could not be reached: name, route, port or time. May be worth another try. */
export class ConnectError extends Rke2ctlError {}

/** The host answered and refused the keys, the passphrase or the sudo password. */
export class AuthError extends Rke2ctlError {}

/** The host showed another key than the one on record. Never retried. */
export class HostKeyError extends Rke2ctlError {}

/** The connection fell while a command ran: whether it took effect is unknown, so look before acting again. */
export class ConnectionLostError extends Rke2ctlError {
  readonly outcome = 'unknown';
}

/** A command ran to its end on the host and failed; the message carries its last words. */
export class RemoteCommandError extends Rke2ctlError {
  readonly exitStatus: number;
  readonly stderr: string;

  constructor(details: ErrorDetails & { readonly exitStatus: number; readonly stderr: string }) {
    super(details);
    this.exitStatus = details.exitStatus;
    this.stderr = details.stderr;
  }
}

/** RKE2's service did not come up; carries the telling lines of its journal. */
export class ServiceError extends Rke2ctlError {
  readonly lastWords: readonly string[];

  constructor(details: ErrorDetails & { readonly lastWords: readonly string[] }) {
    super(details);
    this.lastWords = details.lastWords;
  }
}

/** A command or a wait took longer than it was allowed to. */
export class TimeoutError extends Rke2ctlError {}

/** The person at the terminal stopped the run. Exit code 130. */
export class CancelledError extends Rke2ctlError {
  constructor(message = 'Stopped on request.') {
    super({
      code: 'cancelled',
      message,
      hint: 'Run the same command again: it continues where this run stopped.',
      exitCode: 130,
    });
  }
}

/** A host still carries things of RKE2 after it was uninstalled; each is named. */
export class LeftoverError extends Rke2ctlError {
  readonly leftovers: readonly string[];

  constructor(node: string, leftovers: readonly string[]) {
    super({
      code: 'host-not-clean',
      message: [
        `RKE2 was uninstalled on ${node}, but this is still there:`,
        ...leftovers.map((line) => `  ${line}`),
      ].join('\n'),
      hint: 'Run `rke2ctl remove` again; what then still stands must be taken away by hand, or by a reboot of the host.',
    });
    this.leftovers = leftovers;
  }
}
