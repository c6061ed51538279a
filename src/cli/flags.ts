/** Flags that every command takes. */
export interface CommonFlags {
  readonly config: string;
  readonly output: 'text' | 'json';
  readonly verbose?: boolean;
  readonly local?: boolean;
  readonly ignoreCheck?: readonly string[];
}

export interface UpFlags extends CommonFlags {
  readonly concurrency: number;
  readonly timeout: number;
  readonly disablePortCheck?: boolean;
  readonly yes?: boolean;
  readonly artifacts?: string;
  readonly version?: string;
  readonly channel?: string;
}

export interface RemoveFlags extends CommonFlags {
  readonly yes?: boolean;
  readonly keepSnapshots?: string;
  readonly ignoreUnreachable?: boolean;
  readonly concurrency: number;
}
