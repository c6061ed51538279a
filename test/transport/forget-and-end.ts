import { reachByWords } from './reach-by-words.ts';
import { untilItSpeaks } from './until-it-speaks.ts';

/**
 * A program that starts a command which waits, does with it what is named (abort, forget, close) in that order, and says at
 * its own end how many ms that came later.
 */
const { transport, rest: order } = reachByWords();
await transport.connect();
const stop = new AbortController();
const waiting = await untilItSpeaks(transport, { command: 'echo up; cat', signal: stop.signal });
const acts: Readonly<Record<string, () => unknown>> = {
  abort: () => stop.abort(),
  forget: () => waiting.end('forgotten'),
  close: () => transport.close(),
};
const started = performance.now();
for (const name of order) {
  const act = acts[name];
  if (act === undefined) throw new Error(`there is nothing called ${name}`);
  await act();
}
process.on('exit', () => process.stdout.write(`${Math.round(performance.now() - started)}\n`));
