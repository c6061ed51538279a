import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;

/** A zip archive of one deflated file. */
export function makeZip(name: string, content: Buffer): Buffer {
  const packed = deflateRawSync(content);
  const path = Buffer.from(name);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(8, 4);
  common.writeUInt32LE(0x21, 8);
  common.writeUInt32LE(crc32(content), 10);
  common.writeUInt32LE(packed.length, 14);
  common.writeUInt32LE(content.length, 18);
  common.writeUInt16LE(path.length, 22);
  const local = Buffer.concat([word(LOCAL), common, path, packed]);
  const tail = Buffer.alloc(14);
  const central = Buffer.concat([word(CENTRAL), Buffer.from([20, 0]), common, tail, path]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, central, word(END), end]);
}

/** The first file of an archive made by `makeZip` or any other that records sizes in the local header. */
export function readZip(archive: Buffer): Buffer {
  if (archive.length < 30 || archive.readUInt32LE(0) !== LOCAL) throw new Error('zip: not a valid zip file');
  const start = 30 + archive.readUInt16LE(26) + archive.readUInt16LE(28);
  const packed = archive.subarray(start, start + archive.readUInt32LE(18));
  return archive.readUInt16LE(8) === 8 ? inflateRawSync(packed) : packed;
}

function word(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}
