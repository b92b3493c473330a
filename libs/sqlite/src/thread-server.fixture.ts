import { getCompileCacheDir } from 'node:module';
import { openDatabase } from './open-database.ts';
import { Transfer } from './thread-methods.ts';
import { createThreadServer } from './thread-server.ts';

export type FixtureData = { readonly path: string; readonly failStart?: boolean };

export type FixtureMethods = {
  add(value: number): number;
  addLater(value: number): Promise<number>;
  addThenThrow(value: number): never;
  all(): number[];
  commits(): number;
  compileCache(): string | undefined;
  bytes(length: number): Transfer<Uint8Array>;
  fill(bytes: number): void;
  limit(pages: number): void;
  die(): never;
  loseDatabase(): void;
};

createThreadServer(({ path, failStart }: FixtureData) => {
  if (failStart) throw Object.assign(new TypeError('cannot start'), { code: 'no-start' });
  const database = openDatabase({ path });
  database.exec('create table if not exists numbers (value integer primary key, filler blob) strict');
  database.exec('create table if not exists commits (call integer) strict');
  const insert = database.prepare('insert into numbers (value) values (?)');
  const add = (value: number) => Number(insert.run(value).changes);
  let turn = 0;
  let distinctTurns = 0;
  const methods: FixtureMethods = {
    add(value) {
      // Microtasks run only after a batch of synchronous methods, so this counts batches.
      if (turn === 0) queueMicrotask(() => (turn = 0));
      if (turn++ === 0) distinctTurns++;
      return add(value);
    },
    async addLater(value) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return add(value);
    },
    addThenThrow(value) {
      add(value);
      throw Object.assign(new RangeError(`refused ${value}`), { code: 'refused' });
    },
    all: () =>
      database
        .prepare('select value from numbers order by value')
        .all()
        .map((row) => Number(row.value)),
    commits: () => distinctTurns,
    compileCache: () => getCompileCacheDir(),
    bytes(length) {
      const bytes = new Uint8Array(length).fill(7);
      return new Transfer(bytes, [bytes.buffer]);
    },
    fill(bytes) {
      database.prepare('insert into numbers (filler) values (zeroblob(?))').run(bytes);
    },
    limit(pages) {
      database.exec(`pragma max_page_count = ${pages}`);
    },
    die() {
      process.exit(3);
    },
    loseDatabase() {
      database.close();
    },
  };
  return { database, methods };
});
