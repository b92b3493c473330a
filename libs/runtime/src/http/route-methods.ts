/** Remembers which methods each route template has, so that a wrong method is told apart from a wrong path. */
export type RouteMethods = {
  add(template: string, methods: readonly string[]): void;
  /** Methods of the routes that `path` fits; empty when there is no such path. */
  allowed(path: string): readonly string[];
};

export function createRouteMethods(): RouteMethods {
  const templates = new Map<string, { readonly segments: readonly string[]; readonly methods: Set<string> }>();
  return {
    add(template, methods) {
      const known = templates.get(template) ?? { segments: template.split('/'), methods: new Set<string>() };
      for (const method of methods) known.methods.add(method);
      templates.set(template, known);
    },
    allowed(path) {
      const segments = path.split('/');
      const found = new Set<string>();
      for (const template of templates.values()) {
        if (!fits(template.segments, segments)) continue;
        for (const method of template.methods) found.add(method);
      }
      return [...found].toSorted();
    },
  };
}

function fits(template: readonly string[], path: readonly string[]): boolean {
  for (const [index, segment] of template.entries()) {
    if (segment === '*') return path.length > index;
    const given = path[index];
    if (given === undefined || given === '') {
      if (segment !== given) return false;
    } else if (!segment.startsWith(':') && segment !== given) return false;
  }
  return path.length === template.length;
}
