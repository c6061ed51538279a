interface Explanation {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

const KNOWN: Readonly<Record<string, { readonly message: string; readonly hint: string }>> = {
  TAB_AS_INDENT: {
    message: 'This line is indented with a tab; YAML takes only blanks.',
    hint: 'Replace the tab by blanks, as many as the neighbouring lines have.',
  },
  BAD_INDENT: {
    message: 'This line is not indented like the lines that it belongs to.',
    hint: 'Keys of one map begin in the same column, and so do the dashes of one list.',
  },
  DUPLICATE_KEY: {
    message: 'This key stands twice in the same map, so that one of the two would be lost.',
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
    hint: 'Put the value in quotes if it holds `: `, or move what follows to a line of its own.',
  },
  TAG_RESOLVE_FAILED: {
    message: 'This value has a tag (`!…`) that means nothing here.',
    hint: 'Write the value itself: rke2ctl replaces no variables and opens no vaults.',
  },
};

/** What the YAML parser's error means to the person who wrote the file. */
export function explainYamlError(code: string, message: string): Explanation {
  const known = KNOWN[code];
  const name = code === 'DUPLICATE_KEY' ? 'duplicate-key' : 'yaml-syntax';
  if (known) return { code: name, ...known };
  return {
    code: name,
    message: `This is not YAML: ${sentence(message)}`,
    hint: 'Look at this line and the one before it: a bracket, a quote, a colon or the indentation is amiss.',
  };
}

function sentence(message: string): string {
  const [line = ''] = message.split('\n');
  const lower = /^[A-Z][a-z]/.test(line) ? line.charAt(0).toLowerCase() + line.slice(1) : line;
  return /[.!?]$/.test(lower) ? lower : `${lower}.`;
}
