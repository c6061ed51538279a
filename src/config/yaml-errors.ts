interface Explanation {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

const KNOWN: Readonly<Record<string, { readonly message: string; readonly hint: string }>> = {
  TAB_AS_INDENT: {
    message: 'This line is indented with a tab; YAML takes only spaces.',
    hint: 'Replace the tab by spaces, as many as the neighbouring lines have.',
  },
  BAD_INDENT: {
    message: 'This line is not indented like the lines that it belongs to.',
    hint: 'Keys of one map begin in the same column, and so do the dashes of one list.',
  },
  DUPLICATE_KEY: {
    message: 'The key stands twice in the same map, so that one of the two would be lost.',
    hint: 'Keep one of them; two lists or maps are put together under one key.',
  },
  MULTIPLE_DOCS: {
    message: 'The file holds more than one document (`---`).',
    hint: 'One file describes one cluster: keep one document, and give the others files of their own.',
  },
  ALIAS_BOMB: {
    message: 'The aliases of this file unfold into far more data than any cluster needs.',
    hint: 'Write the values out, or use fewer aliases inside what other aliases stand for.',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'A map or a list begins where only plain text can stand; often there are two `: ` in one line.',
    hint: 'Put the value in quotes if it holds `: `; or bring the next line to the column of this key.',
  },
  TAG_RESOLVE_FAILED: {
    message: 'This value has a tag (`!…`) that means nothing here.',
    hint: 'Write the value itself: rke2ctl replaces no variables and opens no vaults.',
  },
};

const OPEN_QUOTE = {
  message: 'A quote is opened here and never closed.',
  hint: 'Add the closing quote, or take this one away: most values need none.',
};

const OPEN_BRACKET = {
  message: 'A bracket is opened here and never closed.',
  hint: 'Add the closing `]` or `}`; inside brackets `,` stands between the entries.',
};

const OUT_OF_PLACE = {
  message: 'What stands here belongs to nothing above it.',
  hint: 'Look at this line and the one before it: often the indentation, a bracket or a quote is amiss.',
};

/** Whether the parser met something after the end of what it could make sense of. Its message quotes the file, secrets and all. */
export function isOutOfPlace(message: string): boolean {
  return / token in YAML stream/.test(message);
}

/** What the YAML parser's error means to the person who wrote the file. `source` is the text where it was found. */
export function explainYamlError(code: string, message: string, source = ''): Explanation {
  const known = KNOWN[code];
  if (known && code === 'DUPLICATE_KEY') {
    const key = /^("[^"\n]*"|'[^'\n]*'|[^:\s,{}]+)/.exec(source)?.[0] ?? '';
    return { code: 'duplicate-key', ...known, message: known.message.replace('key', `key \`${key}\``) };
  }
  if (isUnclosed(message))
    return { code: 'yaml-syntax', ...(/quote/.test(message) ? OPEN_QUOTE : OPEN_BRACKET) };
  if (known) return { code: 'yaml-syntax', ...known };
  if (isOutOfPlace(message)) return { code: 'yaml-syntax', ...OUT_OF_PLACE };
  return {
    code: 'yaml-syntax',
    message: `This is not YAML: ${sentence(message)}`,
    hint: 'Look at this line and the one before it: a bracket, a quote, a colon or the indentation is amiss.',
  };
}

/** Whether the parser ran to the end because a quote or a bracket has no partner. */
export function isUnclosed(message: string): boolean {
  return /^Missing closing ['"]quote|^Flow (map|sequence) in block collection|^Expected flow (map|sequence) to end/.test(
    message,
  );
}

/** Without what the parser quotes behind a colon: it may be part of a secret. */
function sentence(message: string): string {
  const [line = ''] = message.split(/: |\n/);
  const lower = /^[A-Z][a-z]/.test(line) ? line.charAt(0).toLowerCase() + line.slice(1) : line;
  return /[.!?]$/.test(lower) ? lower : `${lower}.`;
}
