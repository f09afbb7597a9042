// The form of a page's settings: native, labelled controls.
import { el, number } from "./dom.js";
import type { Control, Settings, Value } from "./family.js";
import { understand } from "./state.js";

/** Fills a form. `changed` hears of each sensible new value. */
export function fillControls(
  form: HTMLElement,
  controls: readonly Control[],
  settings: Settings,
  changed: (control: Control, value: Value) => void,
): void {
  form.replaceChildren(...controls.map((control) => {
    const id = `control-${control.name}`, value = settings[control.name];
    const set = (v: Value | undefined) => { if (v !== undefined) changed(control, v); };
    const label = el("label", { for: id }, control.label);
    return el("div", { class: "control" }, label, ...fields[control.kind](control, id, value, set));
  }));
}

type Field =
  (control: Control, id: string, value: Value, set: (value: Value | undefined) => void) => HTMLElement[];

export const plain = (value: Value) =>
  typeof value === "number" && value >= 10000 ? value.toLocaleString("en") : String(value);

const fields: Readonly<Record<Control["kind"], Field>> = {
  choice({ values = [], text = plain }, id, value, set) {
    const select = el("select", { id },
      ...values.map((v) => el("option", { value: String(v), selected: v === value }, text(v))));
    select.addEventListener("change", () => { set(values[select.selectedIndex]); });
    return [select];
  },

  slider({ values = [], text = plain }, id, value, set) {
    const output = el("output", { for: id });
    const slider = el("input", { id, type: "range", min: "0", max: String(values.length - 1), step: "1" });
    const show = () => {
      output.value = text(values[slider.valueAsNumber]);
      slider.setAttribute("aria-valuetext", output.value);
    };
    slider.value = String(Math.max(0, values.indexOf(value)));
    slider.addEventListener("input", () => { show(); set(values[slider.valueAsNumber]); });
    show();
    return [el("div", { class: "slider" }, slider, output)];
  },

  integer(control, id, value, set) {
    const input = el("input", {
      id, type: "number", min: String(control.least ?? 0), max: String(control.most), step: "1", required: true,
      inputMode: "numeric", value: String(value),
    });
    const said = el("p", { class: "put-back", role: "status" });
    let holds = value;
    input.addEventListener("change", () => {
      const understood = understand(control, input.value), { least = 0, most = 0 } = control;
      said.textContent = understood !== undefined ? ""
        : `A whole number from ${number(least)} to ${number(most)}; it stays ${plain(holds)}.`;
      input.value = String(holds = understood ?? holds);
      set(understood);
    });
    return [input, said];
  },
};
