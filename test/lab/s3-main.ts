import { readFileSync } from 'node:fs';
import S3rver from '@20minutes/s3rver';

/*
 * Words: address, port (0: any), directory, bucket, and files of certificate and key for TLS. Prints its port once it
 * listens, and goes when its stdin ends. Its one pair of keys is S3RVER and S3RVER.
 */
const [address = '', port = '0', directory = '', bucket = '', cert, key] = process.argv.slice(2);
const server = new S3rver({
  address,
  port: Number(port),
  directory,
  silent: true,
  vhostBuckets: false,
  configureBuckets: [{ name: bucket }],
  ...(cert !== undefined &&
    key !== undefined && { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }),
});
const told = await server.run();
process.stdout.write(`${told.port}\n`);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
