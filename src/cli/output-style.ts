import { decideStyle, type Style } from '../ui/style.ts';

/** How results look on stdout: in colour and wrapped on a terminal, plain elsewhere. */
export function outputStyle(): Style {
  const { isTTY, columns } = process.stdout;
  return decideStyle({ env: process.env, isTerminal: isTTY === true, columns });
}
