import { readFileSync } from 'node:fs';
import { type ConfigProblem, type ConfigType, path, string } from '@belfry/runtime';

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

/** The secret, or undefined when neither variable is set. Throws, naming the variable, when its file cannot be read or is empty. */
export function readSecret(values: Values, name: string): string | undefined {
  const given = values[name];
  if (typeof given === 'string') return given;
  const file = values[`${name}_FILE`];
  if (typeof file !== 'string') return undefined;
  const secret = readSecretFile(file, `${name}_FILE`);
  if (secret === '') throw new Error(`${name}_FILE: ${file} is empty`);
  return secret;
}

/** What the file holds, without the line break at its end. Throws with the variable's name in front. */
export function readSecretFile(file: string, variable: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw new Error(`${variable}: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`, {
      cause,
    });
  }
}

/** Both at once is an oversight: which of them counts would be a guess. */
export function secretProblems(values: Values, names: readonly string[]): readonly ConfigProblem[] {
  return names
    .filter((name) => values[name] !== undefined && values[`${name}_FILE`] !== undefined)
    .map((name) => ({ variable: name, detail: `and ${name}_FILE are both set; set one of them` }));
}
