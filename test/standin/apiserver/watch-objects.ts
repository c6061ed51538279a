import type { ServerResponse } from 'node:http';
import type { ApiContext, ApiRequest } from './api-context.ts';
import type { KubeObject } from './kube-object.ts';
import { presentObject } from './object-answers.ts';
import type { ObjectChange } from './object-store.ts';
import type { ResourcePath } from './request-info.ts';
import { apiVersionOf } from './resource-catalog.ts';
import { parseFieldSelector, parseSelectors, type Selector } from './selector.ts';
import { internalError, StatusError } from './status-error.ts';

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

/** Objects that come into or leave a selection appear as added and deleted, as with Kubernetes. */
function eventOf(
  change: ObjectChange,
  isSelected: Selector,
): { type: EventType; object: KubeObject } | undefined {
  const { object, previous } = change;
  const wasIn = previous !== undefined && isSelected(previous);
  const isIn = object !== undefined && isSelected(object);
  if (isIn) return { type: wasIn ? 'MODIFIED' : 'ADDED', object };
  if (!wasIn) return undefined;
  const last = object ?? previous;
  return { type: 'DELETED', object: last };
}

function bookmark(path: ResourcePath, resourceVersion: string): unknown {
  const annotations = { 'k8s.io/initial-events-end': 'true' };
  const metadata = { resourceVersion, annotations };
  return { kind: path.resource.kind, apiVersion: apiVersionOf(path.resource, path.version), metadata };
}

/** The selectors of the query and the name of the path together. */
function selectorOf(request: ApiRequest, path: ResourcePath): Selector {
  const bySelectors = parseSelectors(request.query);
  const byName = path.name === '' ? '' : `metadata.name=${path.name}`;
  const byPath = parseFieldSelector(byName);
  return (object) => byPath(object) && bySelectors(object);
}

/**
 * Streams changes as JSON lines until the client goes, `timeoutSeconds` is over or the server ends. Without a
 * resourceVersion (or with 0) the current objects come first as ADDED; a version that was compacted away ends in an
 * ERROR event with code 410.
 */
export async function watchObjects(
  context: ApiContext,
  request: ApiRequest,
  path: ResourcePath,
  response: ServerResponse,
  serverSignal: AbortSignal,
): Promise<void> {
  const isSelected = selectorOf(request, path);
  const from = request.query.get('resourceVersion') ?? '';
  const wantsInitial = request.query.get('sendInitialEvents') === 'true';
  const current =
    from === '' || from === '0' || wantsInitial
      ? await context.store.list(path.resource, path.namespace)
      : undefined;
  const ended = new AbortController();
  response.on('close', () => ended.abort());
  const seconds = Number(request.query.get('timeoutSeconds') ?? '0');
  const timer = setTimeout(() => ended.abort(), (seconds > 0 ? seconds : 3600) * 1000);
  const signal = AbortSignal.any([ended.signal, serverSignal]);
  const send = (type: EventType, object: unknown): void => {
    response.write(`${JSON.stringify({ type, object })}\n`);
  };
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  try {
    for (const item of current?.items ?? []) {
      if (isSelected(item)) send('ADDED', presentObject(request, path, item));
    }
    if (wantsInitial) send('BOOKMARK', bookmark(path, current?.resourceVersion ?? from));
    const prefix = context.store.prefixOf(path.resource, path.namespace);
    for await (const change of context.store.watch(prefix, current?.resourceVersion ?? from, signal)) {
      const event = eventOf(change, isSelected);
      if (event !== undefined) send(event.type, presentObject(request, path, event.object));
    }
  } catch (error) {
    const refusal = error instanceof StatusError ? error : internalError(error);
    send('ERROR', refusal.toStatus());
  } finally {
    clearTimeout(timer);
    response.end();
  }
}
