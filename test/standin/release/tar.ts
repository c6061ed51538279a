const BLOCK = 512;

/** One entry of an archive; a directory's path ends in a slash. */
export interface TarEntry {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

/** A ustar archive of these entries in this order, owned by root, with one fixed time: same entries, same bytes. */
export function makeTar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const padding = Buffer.alloc((BLOCK - (entry.content.length % BLOCK)) % BLOCK);
    return [makeHeader(entry), entry.content, padding];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

/** A zstd frame of stored blocks: any zstd reads it, none is needed to write it, and the bytes never depend on one. */
export function makeZstd(content: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUInt32LE(0xfd2fb528, 0);
  header[4] = 0xa0;
  header.writeUInt32LE(content.length, 5);
  const parts: Buffer[] = [header];
  const limit = 128 * 1024;
  for (let offset = 0; offset < content.length; offset += limit) {
    const block = content.subarray(offset, offset + limit);
    const blockHeader = Buffer.alloc(3);
    blockHeader.writeUIntLE((block.length << 3) | (offset + limit >= content.length ? 1 : 0), 0, 3);
    parts.push(blockHeader, block);
  }
  return Buffer.concat(parts);
}

function makeHeader(entry: TarEntry): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  header.write(entry.path, 0, 100);
  header.write(octal(entry.mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(entry.content.length, 12), 124);
  header.write(octal(1_767_225_600, 12), 136);
  header.write('        ', 148);
  header.write(entry.path.endsWith('/') ? '5' : '0', 156);
  header.write('ustar\0', 257);
  header.write('00', 263);
  header.write('root', 265);
  header.write('root', 297);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
