/** Another transaction took away what this one had just found. Cannot happen on SQLite; on PostgreSQL the call is repeated. */
export class ChangedMeanwhileError extends Error {
  constructor(what: string) {
    super(`${what} was there and is gone`);
    this.name = 'ChangedMeanwhileError';
  }
}
