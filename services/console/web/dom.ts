type Child = Node | string | undefined;
type Attributes = Readonly<Record<string, string | boolean | undefined>>;

/** An element with attributes (true: present and empty; false and undefined: absent) and children. */
export function create<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

export function button(label: string, className: string, onClick: () => void): HTMLButtonElement {
  const element = create('button', { type: 'button', class: className }, label);
  element.addEventListener('click', onClick);
  return element;
}

/** The element of `index.html` with this id. Throws when the page and its script do not fit. */
export function find<T extends Element>(id: string, type: abstract new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return element;
}

/** Runs the work with the button disabled, so that a slow answer does not lead to a second request. */
export async function whileBusy(control: HTMLButtonElement, work: () => Promise<void>): Promise<void> {
  control.disabled = true;
  try {
    await work();
  } finally {
    control.disabled = false;
  }
}
