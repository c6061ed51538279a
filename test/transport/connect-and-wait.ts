import { reachByWords } from './reach-by-words.ts';

/** A program that connects, says so, and waits to be killed. */
const { transport } = reachByWords();
await transport.connect();
await transport.run({ command: 'true' });
process.stdout.write('connected\n');
setInterval(() => undefined, 60_000);
