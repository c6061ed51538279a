import { createProgram } from './program.ts';

process.exitCode = 0;
await createProgram().parseAsync(process.argv);
