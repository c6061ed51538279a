import { type Mistake, showValue } from '../finding.ts';
import { checked, checkUrlCredentials, isHttpUrl, text } from './scalars.ts';

const HOST =
  /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:(\d{1,5}))?(\/[A-Za-z0-9._-]+)*$/;

/** `host[:port][/path]`, with `http://` or `https://` before it if one likes. */
export const RegistryUrlSchema = checked(text('must be `host[:port][/path]`'), checkRegistryUrl);

/** URL of a registry that images are pulled from in place of another. */
export const EndpointUrlSchema = checked(text('must be a URL'), (url) => {
  if (isHttpUrl(url)) {
    const { host } = new URL(url);
    return checkUrlCredentials(
      url,
      `put the login into \`registries.configs\` under \`${host}\`, as \`auth\``,
    );
  }
  return {
    message: `${showValue(url)} is not the URL of a registry.`,
    hint: /^[a-z]+:\/\//.test(url)
      ? 'Registries are reached by `https://` or `http://`.'
      : `Write \`https://${url}\`, or \`http://${url}\` for one without TLS.`,
  };
});

/** `host[:port][/path]`, as `system-default-registry` takes it. */
export function withoutScheme(url: string): string {
  return url.replace(/^[a-z]+:\/\//i, '').replace(/\/+$/, '');
}

/** `host[:port]`: containerd keys credentials by it, without the path. */
export function registryHost(url: string): string {
  return withoutScheme(url).replace(/\/.*$/, '');
}

/** `scheme://host[:port]`, https where the file says nothing. */
export function registryEndpoint(url: string): string {
  return `${/^https?:\/\//.exec(url)?.[0] ?? 'https://'}${registryHost(url)}`;
}

/** The name under which containerd looks for credentials: Docker Hub answers by another one than images have. */
export function configHost(host: string): string {
  return host === 'docker.io' ? 'registry-1.docker.io' : host;
}

/** What is wrong with the name of a registry (`docker.io`, `registry.example.com:5000`, `*`), if anything. */
export function checkRegistryName(name: string): Mistake | null {
  if (name === '*') return null;
  const match = HOST.exec(name);
  if (match && match[5] === undefined && isPort(match[4])) return null;
  const shown = showValue(name);
  if (/^https?:\/\//.test(name) || name.includes('/')) {
    return {
      code: 'registry-name',
      message: `${shown} is not the name of a registry alone.`,
      hint: `Write \`${registryHost(name)}\`, without scheme and path, as it stands before the first \`/\` of an image.`,
    };
  }
  return {
    code: 'registry-name',
    message: `${shown} is not the name of a registry.`,
    hint: 'Write `host` or `host:port`, such as `docker.io`; `"*"` stands for all registries.',
  };
}

function isPort(text: string | undefined): boolean {
  return text === undefined || (Number(text) >= 1 && Number(text) <= 65535);
}

function checkRegistryUrl(url: string): Mistake | null {
  const shown = showValue(url);
  const scheme = /^([^/]*?):\/\//.exec(url)?.[1];
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    return {
      message: `The registry ${shown} is written with the scheme ${scheme}.`,
      hint: `Write \`${url.replace(/^.*?:\/\/(.*@)?/, '').replace(/\/+$/, '') || 'registry.example.com:5000'}\`: it is reached by https, or by http with \`http://\` before it.`,
    };
  }
  const match = HOST.exec(withoutScheme(url));
  if (match && isPort(match[4])) return null;
  return {
    message: `${shown} is not the address of a registry.`,
    hint: 'Write `host`, `host:port` or `host:port/path`, such as `registry.example.com:5000`; `http://` before it for one without TLS.',
  };
}
