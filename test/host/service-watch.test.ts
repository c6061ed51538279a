import { describe, expect, test } from 'vitest';
import { lastWords } from '../../src/host/journal-words.ts';
import { ServiceWatch, type UnitState } from '../../src/host/service-watch.ts';

function state(overrides: Partial<UnitState> = {}): UnitState {
  return { active: 'activating', sub: 'start', restarts: 0, hasJob: true, result: 'success', ...overrides };
}

const STARTING = state();
const READY = state({ active: 'active', sub: 'running', hasJob: false });
const REFUSED =
  'time="2026-11-21T04:49:49Z" level=info msg="Waiting to retrieve agent configuration; server is not ready: https://127.0.0.1:6444/v1-rke2/config: 401 Unauthorized"';
const NOT_YET =
  'time="2026-11-21T04:49:49Z" level=error msg="Failed to validate connection to cluster at https://192.0.2.1:9345: failed to get CA certs: Get \\"https://127.0.0.1:6444/cacerts\\": EOF"';

function fatal(words: string): string {
  return `time="2026-11-21T04:49:49Z" level=fatal msg="Error: ${words}"`;
}

describe('ServiceWatch', () => {
  test('waits while the service starts, and is content once it is READY', () => {
    const watch = new ServiceWatch();
    expect(watch.judge(STARTING)).toBe('waiting');
    expect(watch.judge(READY)).toBe('ready');
  });

  test('a service that is to be restarted is not READY for being still active', () => {
    const watch = new ServiceWatch();
    expect(watch.judge(state({ active: 'active', sub: 'running', hasJob: true }))).toBe('waiting');
    expect(watch.judge(state({ active: 'deactivating' }))).toBe('waiting');
    expect(watch.judge(READY)).toBe('ready');
  });

  test('a datastore whose certificate is wrong is not waited for for ever; one that is silent may still come', () => {
    const etcd = (target: string, error: string, second = 0) =>
      JSON.stringify({
        level: 'warn',
        ts: new Date(Date.UTC(2026, 10, 21, 4, 49, second)).toISOString().replace('Z', '000Z'),
        logger: 'etcd-client',
        msg: 'retrying of unary invoker failed',
        target: `etcd-endpoints://0xc000a3c1e0/${target}`,
        error,
      });
    const unknown = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
    const silent = 'dial tcp 10.0.9.1:2379: connect: connection refused';
    const judge = (line: string) => {
      const watch = new ServiceWatch();
      for (let times = 0; times < 4; times += 1) watch.addLine(line);
      return watch.judge(STARTING);
    };
    expect(judge(etcd('10.0.9.1:2379', unknown))).toBe('datastore-refused');
    expect(judge(etcd('127.0.0.1:2379', unknown))).toBe('waiting');
    expect(judge(etcd('10.0.9.1:2379', silent))).toBe('waiting');
    const watch = new ServiceWatch();
    for (const second of [0, 20, 59]) watch.addLine(etcd('10.0.9.1:2379', silent, second));
    expect(watch.judge(STARTING)).toBe('waiting');
    watch.addLine(etcd('10.0.9.1:2379', silent, 61));
    expect(watch.judge(STARTING)).toBe('datastore-refused');
    watch.addLine('time="2026-11-21T04:50:49Z" level=info msg="Reconciling bootstrap data"');
    expect(watch.judge(STARTING)).toBe('waiting');
    expect(lastWords(etcd('10.0.9.1:2379', silent))).toBe(`retrying of unary invoker failed: ${silent}`);
  });

  test('a join that is refused again and again is no longer waited for', () => {
    const watch = new ServiceWatch();
    for (let times = 0; times < 3; times += 1) watch.addLine(REFUSED);
    expect(watch.judge(STARTING)).toBe('waiting');
    watch.addLine(REFUSED);
    expect(watch.judge(STARTING)).toBe('join-refused');
  });

  test('a server that is not there yet is waited for, however often that is said', () => {
    const watch = new ServiceWatch();
    for (let times = 0; times < 100; times += 1) watch.addLine(NOT_YET);
    expect(watch.judge(STARTING)).toBe('waiting');
    for (const line of [REFUSED, REFUSED, REFUSED, NOT_YET, REFUSED]) watch.addLine(line);
    expect(watch.judge(STARTING)).toBe('waiting');
  });

  test('a start that fails may be tried again by systemd, but not for ever', () => {
    const watch = new ServiceWatch();
    expect(watch.judge(state({ restarts: 7 }))).toBe('waiting');
    watch.addLine(fatal('starting kubernetes: connection refused'));
    for (const restarts of [8, 9]) {
      expect(watch.judge(state({ sub: 'auto-restart', hasJob: false, restarts }))).toBe('waiting');
    }
    expect(watch.judge(state({ restarts: 10 }))).toBe('failed');
  });

  test('after words that no other try can change, the first failure counts', () => {
    const refused = new ServiceWatch();
    refused.judge(STARTING);
    refused.addLine(fatal('preparing server: failed to get bootstrap data: not authorized'));
    expect(refused.judge(state({ sub: 'auto-restart', hasJob: false }))).toBe('failed');
    const known = new ServiceWatch((line) => line.includes('duplicate node name'));
    known.judge(STARTING);
    known.addLine(fatal('duplicate node name found'));
    expect(known.judge(state({ sub: 'auto-restart' }))).toBe('failed');
  });

  test('a unit at rest has failed, or was skipped by its own condition, once that is sure', () => {
    const failed = state({ active: 'failed', sub: 'failed', hasJob: false, result: 'exit-code' });
    const watch = new ServiceWatch();
    expect(watch.judge(failed)).toBe('waiting');
    expect(watch.judge(failed)).toBe('failed');
    const skipped = state({ active: 'inactive', sub: 'dead', hasJob: false, result: 'exec-condition' });
    const other = new ServiceWatch();
    other.judge(skipped);
    expect(other.judge(skipped)).toBe('skipped');
  });

  test('keeps the end of a long journal', () => {
    const watch = new ServiceWatch();
    for (let line = 0; line < 1000; line += 1) watch.addLine(`line ${line}`);
    expect(watch.lines.length).toBe(300);
    expect(watch.lines.at(-1)).toBe('line 999');
  });
});

describe('lastWords', () => {
  test.each([
    ['time="2026" level=info msg="rke2 is up and running"', 'rke2 is up and running'],
    ['time="2026" level=info msg=short', 'short'],
    ['time="2026" level=error msg="Get \\"https://a\\": EOF" x=1', 'Get "https://a": EOF'],
    ['  Started rke2-server.service.', 'Started rke2-server.service.'],
  ])('of %s', (line, words) => {
    expect(lastWords(line)).toBe(words);
  });
});
