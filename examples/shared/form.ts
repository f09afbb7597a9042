// The card for a page's settings: a preset, the controls, and the memory that they take.
import { fillControls } from "./controls.js";
import { bytes, el } from "./dom.js";
import type { Control, Family, PresetName, Settings, Value } from "./family.js";
import { presetChoice } from "./presets.js";
import { together, type Description } from "./protocol.js";

/** `chosen` hears of a preset, `changed` of a control's new value. */
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
      fillControls(fields, family.controls, settings, changed);
      preset.show(settings);
    },
    /** Checks the preset that has these settings, if any; the controls have them already. */
    check: preset.show,
    needs({ memory }: Description): void {
      need.replaceChildren(el("b", {}, bytes(together(memory))), " of GPU memory, planned in advance");
    },
  };
}
