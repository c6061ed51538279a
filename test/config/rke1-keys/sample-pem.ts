import { generateKeyPairSync } from 'node:crypto';

/** A certificate of nobody's, good for a hundred years. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUCE7QsESXruvd9nQ9aobN5AHlXxwwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjEwNjU0NTJaGA8yMTI2MTAyODA2NTQ1
MlowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGvl
fZDgRsiW3e1iKGT58z1ZO3qPxwj1VoGBuhp66+kvha8WCXu4/JLBTt1+3z/vMFIg
MlqPowwitDj1uXTEic2jUzBRMB0GA1UdDgQWBBS7cfX4sE8+fwO7AX9CFCpX8Aof
uDAfBgNVHSMEGDAWgBS7cfX4sE8+fwO7AX9CFCpX8AofuDAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIQDm+vJ9ubyqM9aFOG3UxzNeDs/FKfPt6WbO
80R0zpyZLAIgBtgRZncUaO112kAGpRaRLceD6ZyfhB9P3r/3y5/mIR4=
-----END CERTIFICATE-----
`;

/** A private key that is made anew in every run. */
export const PRIVATE_KEY = generateKeyPairSync('ec', {
  namedCurve: 'prime256v1',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey;
