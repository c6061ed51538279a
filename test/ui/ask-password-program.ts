import { askPassword } from '../../src/ui/prompt.ts';

/** Run by a test on a real terminal: asks, and says how long the answer was. */
const password = await askPassword('Password', { hint: 'There must be a terminal.' });
process.stdout.write(`letters: ${password?.reveal().length}\n`);
