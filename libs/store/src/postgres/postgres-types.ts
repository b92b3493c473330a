import { type CustomTypesConfig, types } from 'pg';

/** Rows as they are on every database: integers as numbers (all of ours are far below 2^53), bytes as plain bytes. */
export function createTypeParsers(): CustomTypesConfig {
  return {
    getTypeParser(oid: number, format?: 'text' | 'binary') {
      if (oid === types.builtins.INT8) return Number;
      const parse = types.getTypeParser(oid, format as 'text') as (value: string) => unknown;
      if (oid === types.builtins.BYTEA) return (value: string) => new Uint8Array(parse(value) as Buffer);
      return parse;
    },
  };
}
