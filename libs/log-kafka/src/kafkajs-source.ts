import { createRequire } from 'node:module';

/** The release whose source was read for what is mended in it. */
const RELEASE = '2.2.4';

/**
 * Loads a file of kafkajs from its source folder, as its public interface offers no place for mending. Throws where it is another release: what was
 * wrong may be right there, or wrong in another way.
 */
export function loadKafkajsSource(file: string): unknown {
  const require = createRequire(import.meta.url);
  const { version }: { version: string } = require('kafkajs/package.json');
  if (version !== RELEASE) {
    throw new Error(`kafkajs is ${version}, but it is mended for ${RELEASE}: read its source again`);
  }
  return require(`kafkajs/src/${file}`);
}

/** The class's prototype, if it has these methods. Throws where it has not. */
export function prototypeOf<Shape extends object>(loaded: unknown, file: string, methods: readonly string[]): Shape {
  const prototype: unknown = typeof loaded === 'function' ? loaded.prototype : undefined;
  const lacking = methods.filter((name) => typeof Reflect.get(Object(prototype), name) !== 'function');
  if (lacking.length === 0) return prototype as Shape;
  throw new Error(`kafkajs/src/${file} has no ${lacking.join(', ')}: it cannot be mended as it was`);
}

export type KafkajsMend<Exported> = {
  readonly file: string;
  /** The only file that loads it. */
  readonly user: string;
  readonly mend: (stock: Exported) => Exported;
};

/** What puts something else in the place of what a file of kafkajs exports: once, and only where its user has not been loaded, which keeps what it has. */
export function mendKafkajs<Exported>({ file, user, mend }: KafkajsMend<Exported>): () => void {
  let isMended = false;
  return () => {
    if (isMended) return;
    const require = createRequire(import.meta.url);
    const isInUse = require.cache[require.resolve(`kafkajs/src/${user}`)] !== undefined;
    const stock = loadKafkajsSource(file) as Exported;
    const loaded = require.cache[require.resolve(`kafkajs/src/${file}`)];
    if (loaded !== undefined && !isInUse) loaded.exports = mend(stock);
    isMended = true;
  };
}
