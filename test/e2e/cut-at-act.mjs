// Loaded by `node --import` before rke2ctl: it kills itself, as the kernel would, just before the first act on this machine's
// files that it has not been killed at yet. What an act is nobody lists: every call that changes a file below the folder it
// runs in, each line of the journal among them, told apart by the last thing that the journal says.
// RKE2CTL_TEST_CUTS names the file of the acts met so far; RKE2CTL_TEST_CUT_SHARE (0…1) of all acts are taken, chosen by
// RKE2CTL_TEST_SEED.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { relative, resolve } from 'node:path';

const record = process.env.RKE2CTL_TEST_CUTS;
const share = Number(process.env.RKE2CTL_TEST_CUT_SHARE);
const seed = process.env.RKE2CTL_TEST_SEED;
const { promises, writeSync } = fs;
const met = new Set(fs.readFileSync(record, 'utf8').split('\n'));
// Opened while these calls are still what they were.
const notes = fs.openSync(record, 'a');
let phase = 'nothing told';

function isTaken(name) {
  const hash = createHash('sha256').update(`${seed} ${name}`).digest();
  return hash.readUInt32BE() / 2 ** 32 < share;
}

function reach(act) {
  const name = `${phase}: ${act}`;
  if (met.has(name) || !isTaken(name)) return;
  writeSync(notes, `${name}\n`);
  process.kill(process.pid, 'SIGKILL');
}

/** As it is called in every run; null for what lies elsewhere. */
function placeOf(path) {
  if (typeof path !== 'string') return null;
  const place = relative(process.cwd(), resolve(path));
  return place.startsWith('..') ? null : place.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}|\d+/g, '#');
}

function reachAt(word, path) {
  const place = placeOf(path);
  if (place !== null) reach(`${word} ${place}`);
}

for (const word of [
  'writeFile',
  'appendFile',
  'rename',
  'link',
  'symlink',
  'unlink',
  'rm',
  'mkdir',
  'chmod',
  'chown',
  'copyFile',
]) {
  const plain = promises[word];
  promises[word] = async (path, ...rest) => {
    reachAt(word, path);
    return plain(path, ...rest);
  };
  const plainSync = fs[`${word}Sync`];
  fs[`${word}Sync`] = (path, ...rest) => {
    reachAt(word, path);
    return plainSync(path, ...rest);
  };
}

const WRITES = fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT;
const plainOpen = promises.open;
promises.open = async (path, flags = 'r', mode) => {
  const writes = typeof flags === 'number' ? (flags & WRITES) !== 0 : /[wa+]/.test(flags);
  if (!writes) return plainOpen(path, flags, mode);
  reachAt('open', path);
  const handle = await plainOpen(path, flags, mode);
  for (const word of ['writeFile', 'sync']) {
    const plain = handle[word].bind(handle);
    handle[word] = async (...rest) => {
      reachAt(`${word} into`, path);
      return plain(...rest);
    };
  }
  return handle;
};

/** The journal's line, if it is one. */
function lineOf(data) {
  try {
    const line = JSON.parse(String(data));
    return typeof line.type === 'string' && typeof line.run === 'string' ? line : null;
  } catch {
    return null;
  }
}

fs.writeSync = (descriptor, data, ...rest) => {
  const line = lineOf(data);
  if (line === null) return writeSync(descriptor, data, ...rest);
  const told = [line.type, ...(typeof line.step === 'string' ? [line.step.split(' ')[0]] : [])].join(' ');
  reach(`journal ${told}`);
  const written = writeSync(descriptor, data, ...rest);
  phase = told;
  return written;
};

syncBuiltinESMExports();
