/** Encoders for the few ASN.1 types an X.509 certificate is made of, and a reader for their nesting. */

function encode(tag: number, body: Buffer): Buffer {
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length: number[] = [];
  for (let rest = body.length; rest > 0; rest >>= 8) length.unshift(rest & 0xff);
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length, ...length]), body]);
}

export function sequence(...parts: readonly Buffer[]): Buffer {
  return encode(0x30, Buffer.concat(parts));
}

export function setOf(...parts: readonly Buffer[]): Buffer {
  return encode(0x31, Buffer.concat(parts));
}

/** A non-negative integer given as big-endian bytes. */
export function integer(bytes: Buffer): Buffer {
  return encode(0x02, (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

export function boolean(value: boolean): Buffer {
  return encode(0x01, Buffer.from([value ? 0xff : 0]));
}

export function nullValue(): Buffer {
  return encode(0x05, Buffer.alloc(0));
}

export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of others) {
    const digits = [part & 0x7f];
    for (let rest = part >> 7; rest > 0; rest >>= 7) digits.unshift((rest & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return encode(0x06, Buffer.from(bytes));
}

export function utf8String(text: string): Buffer {
  return encode(0x0c, Buffer.from(text));
}

export function bitString(bytes: Buffer, unusedBits = 0): Buffer {
  return encode(0x03, Buffer.concat([Buffer.from([unusedBits]), bytes]));
}

export function octetString(bytes: Buffer): Buffer {
  return encode(0x04, bytes);
}

/** UTCTime until 2049, as RFC 5280 demands, GeneralizedTime afterwards. */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  return date.getUTCFullYear() < 2050
    ? encode(0x17, Buffer.from(digits.slice(2)))
    : encode(0x18, Buffer.from(digits));
}

/** A context-specific tag around constructed content. */
export function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  return encode(0xa0 | tag, Buffer.concat(parts));
}

/** A context-specific tag in place of a primitive type's own. */
export function implicit(tag: number, bytes: Buffer): Buffer {
  return encode(0x80 | tag, bytes);
}

/** The elements inside a constructed value, each with its tag and length bytes. */
export function children(der: Buffer): readonly Buffer[] {
  const result: Buffer[] = [];
  let offset = headerLength(der, 0);
  while (offset < der.length) {
    const end = offset + totalLength(der, offset);
    result.push(der.subarray(offset, end));
    offset = end;
  }
  return result;
}

/** The bytes of a value without its tag and length. */
export function content(der: Buffer): Buffer {
  return der.subarray(headerLength(der, 0));
}

function headerLength(der: Buffer, offset: number): number {
  const first = der[offset + 1] ?? 0;
  return first < 0x80 ? 2 : 2 + (first & 0x7f);
}

function totalLength(der: Buffer, offset: number): number {
  const first = der[offset + 1] ?? 0;
  if (first < 0x80) return 2 + first;
  const count = first & 0x7f;
  return 2 + count + der.readUIntBE(offset + 2, count);
}
