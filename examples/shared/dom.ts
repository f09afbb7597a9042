// A small way to write elements.
type Child = Node | string | undefined | false;

/**
 * Makes an element. Properties with a dash, and `role` and `for`, become attributes; all others are set on the object.
 */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K, properties: Readonly<Record<string, unknown>> = {}, ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role" || name === "for") element.setAttribute(name, String(value));
    else Object.assign(element, { [name === "class" ? "className" : name]: value });
  }
  element.append(...children.filter((c): c is Node | string => c !== undefined && c !== false));
  return element;
}

/** A card under its title, beside which more may stand. `id`-title is the id of the title. */
export function card(
  { id, title, kind = "", beside = [] }: {
    readonly id: string; readonly title: Child | readonly Child[];
    readonly kind?: string; readonly beside?: readonly Child[];
  },
  ...content: readonly Child[]
): HTMLElement {
  const heading = el("h2", { id: `${id}-title` }, ...[title].flat());
  return el("section", { class: `card ${kind}`.trim(), "aria-labelledby": `${id}-title` },
    beside.length > 0 ? el("div", { class: "card-head" }, heading, ...beside) : heading, ...content);
}

/** A button, and what pressing it does. */
export function button(
  label: string, act: () => void, properties: Readonly<Record<string, unknown>> = {},
): HTMLButtonElement {
  const made = el("button", { type: "button", ...properties }, label);
  made.addEventListener("click", act);
  return made;
}

/** A field for whole numbers. `take` hears of each that is in range; any other is marked. */
export function wholeField(
  id: string, least: number, most: number, take: (value: number) => void, label?: string,
): HTMLInputElement {
  const input = el("input", {
    id, type: "number", min: String(least), max: String(most), step: "1", required: true, inputMode: "numeric",
    ...label && { "aria-label": label },
  });
  input.addEventListener("input", () => {
    const value = input.valueAsNumber, good = Number.isInteger(value) && value >= least && value <= most;
    input.setAttribute("aria-invalid", String(!good));
    if (good) take(value);
  });
  return input;
}

/** Where a key means something of its own. */
const own: Readonly<Record<string, string>> = {
  " ": "button, summary, select, a, textarea, input:not([type=range])",
  ".": "textarea, input:not([type=range], [type=checkbox])",
};

/** Keys that press buttons, wherever they mean nothing else. */
export function keys(buttons: Readonly<Partial<Record<string, HTMLButtonElement>>>): void {
  addEventListener("keydown", (event) => {
    const pressed = buttons[event.key], { target } = event;
    if (!pressed || pressed.disabled || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (target instanceof HTMLElement && target.closest(own[event.key])) return;
    event.preventDefault();  // Space would scroll
    pressed.click();
  });
}

/** Lets files be dropped on an element. */
export function drops(element: HTMLElement, dropped: (data: DataTransfer) => void): void {
  element.addEventListener("dragover", (event) => { event.preventDefault(); element.classList.add("over"); });
  element.addEventListener("dragleave", () => { element.classList.remove("over"); });
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    element.classList.remove("over");
    if (event.dataTransfer) dropped(event.dataTransfer);
  });
}

/** A button that shows and hides what follows it. `opened` is called before it is seen. */
export function disclosure(
  label: string, content: HTMLElement, opened: () => void,
): { readonly elements: readonly HTMLElement[]; readonly open: boolean } {
  content.hidden = true;
  const toggle = button(label, () => {
    content.hidden = !content.hidden;
    toggle.setAttribute("aria-expanded", String(!content.hidden));
    if (!content.hidden) opened();
  }, { class: "disclosure", "aria-expanded": "false" });
  return { elements: [toggle, content], get open() { return !content.hidden; } };
}

/** A table with its caption, heads of columns, and rows whose first cell is their head. */
export function table(caption: string, heads: readonly string[]): {
  element: HTMLElement;
  fill(rows: readonly (readonly string[])[]): void;
} {
  const body = el("tbody");
  const element = el("div", { class: "scroll", tabIndex: 0, role: "group", "aria-label": caption },
    el("table", {},
      el("caption", { class: "hidden" }, caption),
      el("thead", {}, el("tr", {}, ...heads.map((h) => el("th", { scope: "col" }, h)))),
      body));
  return { element, fill(rows) {
    body.replaceChildren(...rows.map(([head, ...cells]) =>
      el("tr", {}, el("th", { scope: "row" }, head), ...cells.map((c) => el("td", {}, c)))));
  } };
}

/** With commas, and a minus as long as a plus. */
export const number = (value: number, digits = 0) =>
  value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
export const percent = (share: number, digits = 1) => `${number(100 * share, digits)} %`;
/** The same, never broken before its sign. */
export const whole = (share: number, digits = 0) => percent(share, digits).replace(" ", "\u00a0");
export const bytes = (n: number) => !n ? "0"
  : n < 2 ** 20 ? `${number(n / 1024, 1)} KiB`
  : n < 2 ** 30 ? `${number(n / 2 ** 20, 1)} MiB`
  : `${number(n / 2 ** 30, 2)} GiB`;

/** A file that is dropped beside what takes it would be opened in place of the page, and end what it does. */
export function keepStrayFiles(): void {
  const stray = (event: DragEvent) => !event.defaultPrevented && event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!stray(event)) return;
    event.preventDefault();
    event.dataTransfer!.dropEffect = "none";
  });
  addEventListener("drop", (event) => { if (stray(event)) event.preventDefault(); });
}

/** Hands a file to the visitor. */
export function download(file: Uint8Array<ArrayBuffer> | string, name: string): void {
  const url = URL.createObjectURL(new Blob([file], { type: "application/octet-stream" }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => { URL.revokeObjectURL(url); }, 10_000);
}
