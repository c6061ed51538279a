import { createProgram } from './program.ts';

/** By then everything has been closed; what a host still holds open must not hold the shell. */
const LINGER_MS = 2_000;

process.exitCode = 0;
await createProgram().parseAsync(process.argv);
setTimeout(() => process.exit(), LINGER_MS).unref();
