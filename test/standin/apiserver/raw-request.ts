import { readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';

/** A request without kubectl: for what kubectl does not show. */
export interface RawRequest {
  readonly method?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly server?: number;
  /** The certificate to show; `none` for none. */
  readonly user?: string;
}

/** One JSON request over TLS; the answer's body parsed where it is JSON, text else. */
export function sendRaw(
  directory: string,
  port: number,
  path: string,
  request: RawRequest,
): Promise<{ code: number; body: unknown }> {
  const { method = 'GET', body, contentType = 'application/json', user = 'admin' } = request;
  const file = (name: string): Buffer => readFileSync(join(directory, name));
  const identity = user === 'none' ? {} : { cert: file(`${user}.crt`), key: file(`${user}.key`) };
  const options = {
    method,
    headers: { 'content-type': contentType },
    ca: file('server-ca.crt'),
    ...identity,
  };
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(`https://127.0.0.1:${port}${path}`, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        const isJson = response.headers['content-type'] === 'application/json' && !text.includes('}\n{');
        resolve({ code: response.statusCode ?? 0, body: isJson ? (JSON.parse(text) as unknown) : text });
      });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
