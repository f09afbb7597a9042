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

/** A button that shows and hides what follows it. `opened` is called before it is seen. */
export function disclosure(
  label: string, content: HTMLElement, opened: () => void,
): { readonly elements: readonly HTMLElement[]; readonly open: boolean } {
  const button = el("button", { type: "button", class: "disclosure", "aria-expanded": "false" }, label);
  content.hidden = true;
  button.addEventListener("click", () => {
    content.hidden = !content.hidden;
    button.setAttribute("aria-expanded", String(!content.hidden));
    if (!content.hidden) opened();
  });
  return { elements: [button, content], get open() { return !content.hidden; } };
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
