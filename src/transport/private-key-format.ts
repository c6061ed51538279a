const MAGIC = 'openssh-key-v1\0';

/**
 * The public half of a key file in OpenSSH's own format, as a line of authorized_keys; that half is never encrypted.
 * Null for every other format.
 */
export function readPublicPart(text: string): string | null {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1];
  if (body === undefined) return null;
  const data = Buffer.from(body, 'base64');
  if (data.toString('latin1', 0, MAGIC.length) !== MAGIC) return null;
  try {
    let at = MAGIC.length;
    const readField = (): Buffer => {
      const length = data.readUInt32BE(at);
      at += 4 + length;
      if (at > data.length) throw new RangeError('cut short');
      return data.subarray(at - length, at);
    };
    readField(); // cipher
    readField(); // key derivation
    readField(); // its options
    at += 4; // number of keys: always one
    const key = readField();
    const type = key.toString('ascii', 4, 4 + key.readUInt32BE(0));
    return `${type} ${key.toString('base64')}`;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
