/** What is wrong with a file of CAs, in words that name the file. */
export interface CaProblem {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export function caError(code: string, message: string, hint: string): CaProblem {
  return { severity: 'error', code, message, hint };
}

export function caWarning(code: string, message: string, hint: string): CaProblem {
  return { severity: 'warning', code, message, hint };
}
