import type { Cluster } from '../domain/cluster.ts';
import { Secret } from '../domain/secret.ts';

/** Every secret that a cluster file holds or names: what no screen and no log may show. */
export function secretsOf(cluster: Cluster): readonly Secret[] {
  const keys = cluster.nodes.map((node) => node.auth.key);
  const passwords = Object.values(cluster.registries.configs).map(({ auth }) => auth?.password ?? null);
  const files = cluster.files.map(({ content }) => (content instanceof Secret ? content : null));
  const variables = Object.values(cluster.environment).map((value) =>
    value instanceof Secret ? value : null,
  );
  const settings = Object.values(cluster.rke2.secrets);
  const manifests = cluster.addons.map(({ source }) =>
    'text' in source && source.text instanceof Secret ? source.text : null,
  );
  const places = cluster.addons.map(({ source }) => passwordIn('url' in source ? source.url : ''));
  const { remote } = cluster.install;
  const login = remote?.login?.reveal() ?? '';
  const mirror = [
    remote?.login ?? null,
    remote?.query ?? null,
    secretText(login.slice(login.indexOf(':') + 1)),
  ];
  return [
    ...keys,
    ...passwords,
    ...mirror,
    ...places,
    ...manifests,
    ...files,
    ...variables,
    ...settings,
  ].flatMap((secret) => secret ?? []);
}

function passwordIn(address: string): Secret | null {
  return secretText(URL.canParse(address) ? decodeURIComponent(new URL(address).password) : '');
}

function secretText(text: string): Secret | null {
  return text === '' ? null : new Secret(text);
}
