import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explainRefusal, type Refusal } from '../../src/host/explain-refusal.ts';
import { StderrGate } from '../../src/host/stderr-gate.ts';

const MARK = 'rke2ctl-0123456789ab';

/** Feeds the bytes in pieces cut at the given places. */
function feed(gate: StderrGate, bytes: Buffer, cuts: readonly number[]): void {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    if (to > from) gate.feed(bytes.subarray(from, to));
    from = to;
  }
}

describe('StderrGate', () => {
  test('parts the words before the script from its own, wherever the network cuts them', () => {
    const before = 'We trust you have received the usual lecture.\n';
    const after = Buffer.from([0x66, 0xff, 0x00, 0x0a, 0xc3, 0xbc]);
    const text = `${before}${MARK} elevation sudo-password\n${MARK} password:${MARK} ready 4711\n`;
    const bytes = Buffer.concat([Buffer.from(text), after]);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const passed: Buffer[] = [];
        const gate = new StderrGate(MARK, (chunk) => passed.push(chunk));
        feed(gate, bytes, cuts);
        expect(gate.elevation).toBe('sudo-password');
        expect(gate.pid).toBe(4711);
        expect(gate.isOpen).toBe(true);
        expect(gate.wordsBefore).toBe(before.trim());
        expect(Buffer.concat(passed).equals(after)).toBe(true);
      }),
    );
  });

  test('takes no part of the loader for its mark: a sudo that refuses may repeat what it was to run', () => {
    const gate = new StderrGate(MARK, undefined);
    gate.feed(
      Buffer.from(`Sorry, you may not execute '/bin/sh -c echo ${MARK} ready $$ >&2; s=…' as root.\n`),
    );
    expect(gate.isOpen).toBe(false);
  });

  test('believes the last word of how one becomes root', () => {
    const gate = new StderrGate(MARK, undefined);
    gate.feed(Buffer.from(`${MARK} elevation sudo\nsudo: a password is required\n`));
    gate.feed(Buffer.from(`${MARK} elevation sudo-password\n`));
    expect(gate.elevation).toBe('sudo-password');
  });

  test('tells each prompt once, then the end or the silence', async () => {
    const gate = new StderrGate(MARK, undefined);
    gate.feed(Buffer.from(`${MARK} elevation sudo-password\n${MARK} password:`));
    gate.feed(Buffer.from('\nSorry, try again.\n'));
    gate.feed(Buffer.from(`${MARK} password:`));
    expect(await gate.next(1000)).toBe('prompt');
    expect(await gate.next(1000)).toBe('prompt');
    expect(await gate.next(10)).toBe('silence');
    gate.close();
    expect(await gate.next(1000)).toBe('over');
    expect(gate.wordsBefore).toBe('Sorry, try again.');
  });

  test('keeps the end of a long stderr', () => {
    const gate = new StderrGate(MARK, undefined);
    gate.feed(Buffer.from(`${MARK} ready 1\n`));
    for (let line = 0; line < 40_000; line += 1) gate.feed(Buffer.from(`line ${line}\n`));
    expect(gate.stderr.length).toBeLessThan(200_000);
    expect(gate.stderr.endsWith('line 39999\n')).toBe(true);
  });
});

describe('explainRefusal', () => {
  const refusal: Refusal = {
    target: 'ops@192.0.2.1:22',
    elevation: 'sudo-password',
    words: '',
    passwordGiven: true,
    passwordMissing: false,
    exitCode: 1,
  };

  test.each<[string, Partial<Refusal>, RegExp]>([
    ['sudo-missing', { elevation: 'none' }, /neither root/],
    ['sudo-password-missing', { passwordMissing: true, passwordGiven: false }, /asks for a password/],
    [
      'sudo-password-wrong',
      { words: 'Sorry, try again.\nsudo: no password was provided' },
      /refused the password\.$/,
    ],
    [
      'sudo-password-wrong',
      { words: 'Account locked due to 3 failed logins' },
      /password: Account locked due to 3/,
    ],
    ['sudo-not-allowed', { words: 'ops is not in the sudoers file.' }, /not in the sudoers file/],
    ['sudo-not-allowed', { words: 'Sorry, user ops is not allowed to execute ...' }, /some commands/],
    ['sudo-requires-tty', { words: 'sudo: sorry, you must have a tty to run sudo' }, /requiretty/],
    [
      'sudo-password-expired',
      { words: 'sudo: Account or password is expired, reset your password' },
      /expired/,
    ],
    ['sudo-refused', { passwordGiven: false, words: 'sudo: unable to open audit system' }, /audit system/],
    [
      'shell-unusable',
      { elevation: null, words: 'This account is currently not available.' },
      /not available/,
    ],
  ])('%s', (code, overrides, message) => {
    const error = explainRefusal({ ...refusal, ...overrides });
    expect(error).toMatchObject({ code, message });
    expect(error.hint.length).toBeGreaterThan(20);
  });
});
