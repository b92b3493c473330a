import { apiKeyProblem, type ConfigProblem, type ConfigType, path, string } from '@belfry/runtime';
import { readConfiguredFile } from '../configured-file.ts';

type SecretOptions<Name extends string> = {
  readonly [Key in Name]: {
    readonly type: ConfigType<string>;
    readonly optional: true;
    readonly secret: true;
    readonly description: string;
    readonly group: string;
  };
} & {
  readonly [Key in `${Name}_FILE`]: {
    readonly type: ConfigType<string>;
    readonly optional: true;
    readonly description: string;
    readonly group: string;
  };
};

/** A secret as the variable `NAME`, or in the file that `NAME_FILE` names: orchestrators mount secrets as files, and a variable shows in `inspect`. */
export function secretOptions<const Name extends string>(
  name: Name,
  facts: { readonly description: string; readonly group: string },
): SecretOptions<Name> {
  const { group } = facts;
  return {
    [name]: { type: string(), optional: true, secret: true, ...facts },
    [`${name}_FILE`]: { type: path(), optional: true, group, description: `File that holds ${name}, in its place.` },
  } as SecretOptions<Name>;
}

type Values = Readonly<Record<string, unknown>>;

/** What keeps a text from being that secret, by variable. Any text will do for the others. */
const PROBLEMS: Readonly<Record<string, (text: string) => string | undefined>> = { BELFRY_API_KEY: apiKeyProblem };

/** The secret, or undefined when neither variable is set. Throws, naming the variable, when its file cannot be read, is empty or holds what cannot be that secret. */
export function readSecret(values: Values, name: string): string | undefined {
  const given = values[name];
  if (typeof given === 'string') return given;
  const file = values[`${name}_FILE`];
  if (typeof file !== 'string') return undefined;
  const secret = readSecretFile(file, `${name}_FILE`);
  if (secret === '') throw new Error(`${name}_FILE: ${file} is empty`);
  const problem = PROBLEMS[name]?.(secret);
  if (problem !== undefined) throw new Error(`${name}_FILE: what ${file} holds ${problem}`);
  return secret;
}

/** What the file holds, without the line break at its end. Throws with the variable's name in front. */
export function readSecretFile(file: string, variable: string): string {
  return readConfiguredFile(file, variable).replace(/\r?\n$/, '');
}

/** Of the variables with these names, and of those that name a file in their place. Never shows a value. */
export function secretProblems(values: Values, names: readonly string[]): readonly ConfigProblem[] {
  return names.flatMap((name) => {
    const given = values[name];
    if (typeof given !== 'string') return [];
    // An oversight: which of them counts would be a guess.
    if (values[`${name}_FILE`] !== undefined) {
      return [{ variable: name, detail: `and ${name}_FILE are both set; set one of them` }];
    }
    const problem = PROBLEMS[name]?.(given);
    return problem === undefined ? [] : [{ variable: name, detail: problem }];
  });
}
