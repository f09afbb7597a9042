// The card for a page's settings: a preset, native, labelled controls, and the memory that they take.
import { bytes, el, number } from "./dom.js";
import type { Control, Family, PresetName, Settings, Value } from "./family.js";
import { presetChoice } from "./presets.js";
import { together, type Description } from "./protocol.js";
import { understand } from "./state.js";

/** `chosen` hears of a preset, `changed` of each sensible new value of a control. */
export function settingsForm(
  family: Family, chosen: (name: PresetName) => void, changed: (control: Control, value: Value) => void,
) {
  const fields = el("div", { class: "fields" }), need = el("p", { class: "need" }, "…");
  const preset = presetChoice(family, chosen);
  const form = el("form", { class: "card controls", "aria-label": "Settings" },
    el("h2", {}, "Settings"), preset.element, fields, need,
    el("p", { class: "soft" },
      "Learning rate and epochs change the run you have; anything else starts a new one. "
        + "This page’s address holds the settings: a link repeats the experiment."));
  form.addEventListener("submit", (event) => { event.preventDefault(); });
  return {
    element: form,
    /** What each preset takes, on this adapter. */
    plans: preset.plans,
    /** Fills the controls. */
    show(settings: Settings): void {
      fields.replaceChildren(...family.controls.map((control) => {
        const id = `control-${control.name}`, value = settings[control.name];
        const set = (v: Value | undefined) => { if (v !== undefined) changed(control, v); };
        return el("div", { class: "control" },
          el("label", { for: id }, control.label), ...kinds[control.kind](control, id, value, set));
      }));
      preset.show(settings);
    },
    /** Checks the preset that has these settings, if any; the controls have them already. */
    check: preset.show,
    needs({ memory }: Description): void {
      need.replaceChildren(el("b", {}, bytes(together(memory))), " of GPU memory, planned in advance");
    },
  };
}

type Field =
  (control: Control, id: string, value: Value, set: (value: Value | undefined) => void) => HTMLElement[];

export const plain = (value: Value) =>
  typeof value === "number" && value >= 10000 ? value.toLocaleString("en") : String(value);

const kinds: Readonly<Record<Control["kind"], Field>> = {
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
