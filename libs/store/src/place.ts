/** Stands in a compiled statement for the value that each run brings. */
export class Place {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}
