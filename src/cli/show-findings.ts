import type { Diagnostic } from '../domain/diagnostic.ts';
import { renderFindings } from '../ui/findings-view.ts';
import { decideStyle } from '../ui/style.ts';

/** Findings on stderr, in colour where there is a terminal. */
export function showFindings(findings: readonly Diagnostic[]): void {
  const { isTTY, columns } = process.stderr;
  const style = decideStyle({ env: process.env, isTerminal: isTTY === true, columns });
  process.stderr.write(renderFindings(findings, style));
}
