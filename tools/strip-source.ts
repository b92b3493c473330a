export type StrippedSource = {
  /** Comments replaced by blanks; line numbers kept. */
  readonly withoutComments: string;
  /** The contents of strings and regular expressions replaced too. Expressions in template strings stay. */
  readonly codeOnly: string;
};

/** Tokens after which a slash starts a regular expression rather than a division. */
const BEFORE_REGEX = /(?:[(,=:[!&|?{};+\-*%~^<>]|=>|\b(?:return|typeof|case|in|of|await|yield|throw))\s*$/;

const blank = (text: string) => text.replace(/[^\n]/g, ' ');

/**
 * Rough lexer, because TypeScript 7 has no parser to call. It knows comments, strings, templates and regular expressions, which is what keeps a word in
 * a comment from looking like code.
 */
export function stripSource(source: string): StrippedSource {
  let withoutComments = '';
  let codeOnly = '';
  /** Depth of braces at which each open template expression ends. */
  const templates: number[] = [];
  let braces = 0;
  let at = 0;

  const keep = (text: string) => {
    withoutComments += text;
    codeOnly += text;
    at += text.length;
  };
  const literal = (text: string) => {
    withoutComments += text;
    codeOnly += text.length < 2 ? text : text[0] + blank(text.slice(1, -1)) + text.at(-1);
    at += text.length;
  };
  const comment = (text: string) => {
    withoutComments += blank(text);
    codeOnly += blank(text);
    at += text.length;
  };
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };

  while (at < source.length) {
    const char = source[at] ?? '';
    const found = match(/\/\/[^\n]*|\/\*[\s\S]*?\*\//y);
    if (found !== undefined) comment(found);
    else if (char === "'" || char === '"') literal(match(/(['"])(?:\\[\s\S]|(?!\1)[^\\\n])*\1?/y) ?? char);
    else if (char === '`' || (char === '}' && templates.at(-1) === braces)) {
      if (char === '}') templates.pop();
      const chunk = match(/[`}](?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:`|\$\{)?/y) ?? char;
      const opens = chunk.endsWith('${');
      literal(opens ? chunk.slice(0, -1) : chunk);
      if (opens) {
        templates.push(braces);
        keep('{');
      }
    } else if (char === '/' && BEFORE_REGEX.test(codeOnly.slice(-20) || '(')) {
      literal(match(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//y) ?? char);
    } else {
      if (char === '{') braces += 1;
      if (char === '}') braces -= 1;
      keep(char);
    }
  }
  return { withoutComments, codeOnly };
}
