import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

const NEEDLE = '+rke2r';
/** More than the rest of a version, and the character beside it, takes before or after the needle. */
const REACH = 24;
const VERSION = /(?<![0-9A-Za-z.])v\d{1,3}\.\d{1,3}\.\d{1,3}(?:-rc\d{1,3})?\+rke2r\d{1,3}(?![0-9A-Za-z])/g;

/**
 * The version of the `rke2` in a release's tarball, read out of the program without running it: the linker writes it
 * there as text of its own, and the build's flags name it again. Works for every architecture; takes a second or so.
 * null when there is no version in it, or more than one. The image bundles are not asked: their list of images is
 * inside hundreds of megabytes of zstd, and the checksum file ties them to this tarball anyway.
 */
export async function findTarballVersion(path: string): Promise<string | null> {
  const found = new Set<string>();
  const source = createReadStream(path, { highWaterMark: 2 ** 20 });
  await pipeline(source, createGunzip({ chunkSize: 2 ** 18 }), async (chunks: AsyncIterable<Buffer>) => {
    let tail: Buffer = Buffer.alloc(2 * REACH);
    for await (const chunk of chunks) {
      const window = Buffer.concat([tail, chunk]);
      collect(window, found);
      tail = window.subarray(-2 * REACH);
    }
    collect(Buffer.concat([tail, Buffer.alloc(REACH)]), found);
  });
  const [version, ...others] = found;
  return version === undefined || others.length > 0 ? null : version;
}

/** Adds the versions that stand in the window's middle: those near an edge are in the middle of the window before or after. */
function collect(window: Buffer, found: Set<string>): void {
  const end = window.length - REACH;
  for (let at = window.indexOf(NEEDLE, REACH); at >= 0 && at <= end; at = window.indexOf(NEEDLE, at + 1)) {
    const around = window.toString('latin1', at - REACH, at + REACH);
    for (const [version] of around.matchAll(VERSION)) found.add(version);
  }
}
