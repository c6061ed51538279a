import { gunzipSync } from 'node:zlib';

/*
 * Made by etcd 3.4. Each holds two Nodes, of v1.35.7+rke2r1 and v1.36.4+rke2r1. In FIRST the bootstrap data is that of the
 * token `first`; SECOND was taken after a change to the token `second`, and still holds old revisions of the other.
 */
const FIRST = [
  'H4sIAAAAAAACA+3cz2vTYBgH8Capm5ah1Ys9CI5XdtCVtkmz/oie/AEOvDiYoG7OtH3rYtNkJGnZnD149aYiXjx49LLLwIO7Kgz2',
  'J4jgSfQy/A/UN+ZtaTpcNmRz6Pcz3iZP3/ft+77NVnjelMVigTg/bn4Y2RT9k2T4+a4f3CEeH+bHjVuJT+N3L87FAAAAAAAAAODA',
  'Ef4w/x/mx7Gvs6+/P5x5j3cUAAAAAAAA4OARe8dEbz/gFSt+fj/K4zd8H+AyjzdZOdJXPySE49NCsC9wicc32YPUV28K4dd/xNuv',
  '8VhhkzrWV39dDMb3Y93UnWbUYvSWN//7NkLv3N/jGIkFX2Lw+0zRtuEatsWrhV/P2SZ1dzLgtEudyIZVs+V61Nnp5I7yK8G73WAj',
  'sOnlM2om16BLUYOZVHdpVKMmbVa2nXh4Rn55wEq5rNaUQl6u1EulUrlKl4lRI5os59TChFJUJwqyXMqrqqwqabJAqTM9dc0l2m0y',
  '73kLWjYrK8VMjv3ImpIvlxUymyaW3qREIzVa11umR9KkahrU8rbtKJPZDl/AnEObdpvWotfr6VFtAAAAAAAA/kHSHub/3bgwkP9P',
  'DuT/d3j7pzz+IoTz/6H/KP8P/MXkfmo/knsk7QAAAAAAAPstvof5/+D9/7oQxKti+PXXxfD9/0UpnP+/kILxr8Zw/39n9/+l3nmO',
  'leOsjPN4hsczPH47EPvde//EIXEyW7Ftz/UcfSGrF8v5YqWgVkpVPSmmxFHhXKItazp1Ndvq7kRI/X0des9gfZeyTcNi03azll2j',
  'clJKSazv+WXierrXcom2TPyKSatu++eNVoWa1ONrJRppy5n8RKY47jSo4sik0+l0f3cjB1OS8VR814MVMmrfYPgWxa43ZLYu1v8L',
  'q7Krwi4Rm82cYdXoIm8yjA9hAAAAAIB98nKsfqG9dOrxiv3k+fr91dSzj6ufz65sJNbOfBu6cuId+QlgR1IYIFAAAA==',
].join('');

const SECOND = [
  'H4sIAAAAAAACA+2ZTWsTQRjH9yVpbSkaRTBebDvebE2ym+3mxZMoYkGqFCuI1bJJJm1sslt3N7G1hh4EDz3qQW8KBcGrIEVP3opf',
  'QNAv4KUV/AR11p2GbLRNg7YU/f/C7Mw/M8/MzuxswjOPIPiEeL7xpW9D8goRX0tCkE1OmOsenp9dG1x5enfokwAAAAAAAAAAAIAD',
  'h/iH/v8hnvfV1efLK4lVrCgAAAAAAAAAAHDwkBp5b+M84CVLnn8/wPVbfj5wkesNwY/7b9V3iUHdzy7dLL/A9U12kT070dcZOdj/',
  'mOy3f8/1JtNHmupPhfzxL7NklA270m4yRtWd2b6N2Ch7Zxx9gn+I4dmM01rJKVkmrxZ/fmeVqbObASccardtmC9XHZfau725w/xJ',
  'cLMbbAR2e8mYFkvM0oXtewk3ytdYOsrSENcPuZ7k+nOL1sVg+xzTx1h+sqn7qa1S74l4zrJcx7WNubiRyiRTOV3LpfNGRIpKA+KZ',
  '3pqSNaiTtUzKLeRmW5tOl5jtQrxSMtm0nLhpFagSkaMysz23SBzXcKsOyS4Sr2LULFpeebaao2Xq8rUgWVJTYsmRWGrInqWqrZB6',
  'vc6HCLUdTI2EoqGOB9Nj2q+DhX+/Koqe1FOGkc+xayQcDTetinvf4hZdDVt32yUtU8Oh7bZXhVZyO+7C4Pby0gPvhcxoBVVPKrli',
  'Op3O5OkiKRVIVlESmj6iprQRXVHSSU1TNHWYzFFqT4xfYSt1i8y47lw2HlfUVCzBPkpWTWYyKrk9TEyjQtlqFWjRqJZdMkzy5RI1',
  '3R0NFXK7zicwZdOKVaOF9vN1jU4m673oefbw2U5gdzNVMgt0njfpwX8BAAAAAAD495H30P/f0jr3/7f0qBjs/w5v/4Trr2LQ/++S',
  '/PEH/gP/32dH595nr/zB8f3wB/+unwcAAAAAAAAAoD2hPfT/W+P/RR7/fyMF+1+TgvH/+Zb4/zMZ8f/O4v9yo5wQgvH8SSEY73/X',
  'ogXE91vi+wi8d3wg01HgvRs/wgAAAAAAAOwTl9bXVx/d+7h0/HH/95XpD2MvRGHp9PnrpPrq6uv4t+XBH6NvWHYgUAAA',
].join('');

/** The id of the token `first`. */
export const FIRST_TOKEN = 'a7937b64b8ca';

/** The id of the token `second`. */
export const SECOND_TOKEN = '16367aacb67a';

/** A snapshot that the token `first` opens. */
export function firstSnapshot(): Buffer {
  return gunzipSync(Buffer.from(FIRST, 'base64'));
}

/** A later one, that the token `second` opens. */
export function secondSnapshot(): Buffer {
  return gunzipSync(Buffer.from(SECOND, 'base64'));
}
