import { createRequire } from 'node:module';
import type ssh2 from 'ssh2';

const require = createRequire(import.meta.url);

/** An ssh2 that nobody else in this process has, and nobody has touched. */
export function loadUntouchedSsh2(): typeof ssh2 {
  const isSsh2 = (path: string): boolean => path.includes('/node_modules/ssh2/');
  const shared = Object.entries(require.cache).filter(([path]) => isSsh2(path));
  for (const [path] of shared) delete require.cache[path];
  const untouched: typeof ssh2 = require('ssh2');
  for (const path of Object.keys(require.cache)) if (isSsh2(path)) delete require.cache[path];
  for (const [path, module] of shared) require.cache[path] = module;
  return untouched;
}
