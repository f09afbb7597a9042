// The settings of the page: native number fields and lists, with labels.
import { el, wholeField } from "../shared/dom.js";
import { changed, convolves, divisors, kinds, pairs, singles, type Kind, type Setup } from "./setup.js";

/** The form of the setup that `now` gives; `set` hears of each sensible change. */
export function settings(
  now: () => Setup, set: (setup: Setup) => void,
): { element: HTMLElement; show(setup: Setup): void } {
  const change = (part: Partial<Setup>) => { set(changed(now(), part)); };
  const layer = el("select", { id: "layer" },
    ...Object.entries(kinds).map(([value, text]) => el("option", { value }, text)));
  layer.addEventListener("change", () => { change({ layer: layer.value as Kind }); });

  const field = (id: string, label: string, least: number, most: number, take: (value: number) => void) =>
    wholeField(id, least, most, take, `${label}, ${least} to ${most}`);
  const two = Object.entries(pairs).map(([key, [label, least, most]]) => {
    const name = key as keyof typeof pairs;
    const inputs = ["height", "width"].map((side, axis) =>
      field(`${name}-${side[0]}`, `${label}, ${side}`, least, most, (value) => {
        change({ [name]: now()[name].with(axis, value) });
      }));
    return { name, inputs, row: el("div", { class: "two" },
      el("span", { "aria-hidden": "true" }, label),
      inputs[0], el("span", { class: "soft", "aria-hidden": "true" }, "×"), inputs[1]) };
  });
  const one = Object.entries(singles).map(([key, [label, least, most]]) => {
    const name = key as keyof typeof singles;
    const input = field(name, label, least, most, (value) => { change({ [name]: value }); });
    return { name, input, row: el("div", { class: "one" }, el("label", { for: name }, label), input) };
  });
  const groups = el("select", { id: "groups" });
  const groupRow = el("div", { class: "one" }, el("label", { for: "groups" }, "Groups"), groups);
  groups.addEventListener("change", () => { change({ groups: Number(groups.value) }); });

  const form = el("form", { class: "card settings", "aria-label": "Settings" },
    el("h2", {}, "Settings"), el("div", { class: "one wide" }, el("label", { for: "layer" }, "Layer"), layer),
    el("div", { class: "two heads soft", "aria-hidden": "true" },
      el("span"), el("span", {}, "height"), el("span"), el("span", {}, "width")),
    ...two.map(({ row }) => row), ...one.map(({ row }) => row), groupRow,
    el("p", { class: "soft" },
      "Every number in the input and in the kernel can be typed over. This page’s address keeps it all."));
  form.addEventListener("submit", (event) => { event.preventDefault(); });

  /** Shows a value, unless it is being typed. */
  const put = (input: HTMLInputElement, value: number) => {
    if (document.activeElement === input && input.valueAsNumber === value) return;
    if (document.activeElement !== input) input.value = String(value);
    input.setAttribute("aria-invalid", "false");
  };
  return { element: form, show(setup) {
    layer.value = setup.layer;
    for (const { name, inputs } of two) inputs.forEach((input, axis) => { put(input, setup[name][axis]); });
    for (const { name, input, row } of one) {
      put(input, setup[name]);
      row.hidden = name === "filters" && !convolves(setup);
      input.disabled = name === "dilation" && setup.layer === "avg";
    }
    groupRow.hidden = !convolves(setup);
    groups.replaceChildren(...divisors(setup).map((n) =>
      el("option", { value: String(n), selected: n === setup.groups },
        n > 1 && n === setup.channels ? `${n} (depthwise)` : String(n))));
    groups.disabled = groups.options.length < 2;
  } };
}
