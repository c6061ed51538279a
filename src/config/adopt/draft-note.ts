import type { Diagnostic } from '../../domain/diagnostic.ts';

/** What a person should know of something that was found and stands in cluster.yml otherwise, or not at all. */
export type DraftNote = Diagnostic & { readonly severity: 'warning' };

/** `node` is null for what concerns the whole cluster. */
export function draftNote(
  code: string,
  message: string,
  hint: string,
  node: string | null = null,
): DraftNote {
  return { severity: 'warning', code, message, hint, ...(node !== null && { node }) };
}
