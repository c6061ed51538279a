import { describe, expect, it } from 'vitest';
import { refuseFewFiles } from '../../src/cli/refuse-few-files.ts';

const limits = (most: string) => `Max processes  100  100  processes\nMax open files            ${most}\n`;

describe('the limit of open files', () => {
  it('must have room for a connection to every host', () => {
    expect(() => refuseFewFiles(1000, limits('1024 1024 files'))).toThrow(
      expect.objectContaining({ code: 'too-few-open-files', message: expect.stringContaining('1024') }),
    );
    expect(() => refuseFewFiles(900, limits('1024 1024 files'))).not.toThrow();
  });

  it('is nothing to speak of where there is none, or nobody tells', () => {
    expect(() => refuseFewFiles(100_000, limits('unlimited unlimited files'))).not.toThrow();
    expect(() => refuseFewFiles(100_000, '')).not.toThrow();
  });
});
