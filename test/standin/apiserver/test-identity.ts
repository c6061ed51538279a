import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** A self-signed CA `<name>.crt` and `<name>.key`. */
export async function makeCa(directory: string, name: string): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`];
  await execa(
    'openssl',
    ['req', '-x509', ...key, '-subj', `/CN=${name}`, '-days', '2', '-out', `${name}.crt`],
    {
      cwd: directory,
    },
  );
}

/** A certificate for 127.0.0.1, for servers and clients, signed by a CA of the same directory. */
export async function makeCert(directory: string, ca: string, name: string, subject: string): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`];
  await execa('openssl', ['req', ...key, '-subj', subject, '-out', `${name}.csr`], { cwd: directory });
  const extensions = 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n';
  const sign = [
    '-CA',
    `${ca}.crt`,
    '-CAkey',
    `${ca}.key`,
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    `${name}.ext`,
  ];
  await writeFile(join(directory, `${name}.ext`), extensions);
  await execa('openssl', ['x509', '-req', '-in', `${name}.csr`, ...sign, '-out', `${name}.crt`], {
    cwd: directory,
  });
}

/** A kubeconfig for one user and one server. */
export async function writeKubeconfig(
  directory: string,
  file: string,
  user: string,
  port: number,
): Promise<void> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [
      {
        name: 'test',
        cluster: {
          server: `https://127.0.0.1:${port}`,
          'certificate-authority': `${directory}/server-ca.crt`,
        },
      },
    ],
    users: [
      {
        name: user,
        user: { 'client-certificate': `${directory}/${user}.crt`, 'client-key': `${directory}/${user}.key` },
      },
    ],
    contexts: [{ name: 'test', context: { cluster: 'test', user } }],
  };
  await writeFile(join(directory, file), JSON.stringify(config));
}
