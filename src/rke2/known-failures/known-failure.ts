/**
 * One failure that RKE2's users meet again and again. `pattern` is tried on single journal lines; `cause` and `mend` are
 * whole sentences and may quote what the pattern caught.
 */
export interface KnownFailure {
  /** Kebab-case, stable. */
  readonly name: string;
  readonly pattern: RegExp;
  readonly cause: (found: RegExpExecArray) => string;
  readonly mend: (found: RegExpExecArray) => string;
}
