// The choice of a preset, each with the memory it takes.
import type { Adapter } from "convoy-gpu";
import { bytes, el } from "./dom.js";
import { presetNames, type Family, type PresetName, type Settings } from "./family.js";
import type { PresetPlan } from "./protocol.js";
import { readSettings } from "./state.js";

const titles: Readonly<Record<PresetName, string>> = { tiny: "Tiny", quick: "Quick", article: "As published" };

/** Whether an adapter can bind a preset's largest tensor. */
const fits = ({ largest }: PresetPlan, adapter: Adapter | undefined) => !adapter || largest <= adapter.limits.binding;

/**
 * What an adapter begins with: tiny on a software adapter; else the article's own, or the largest that the adapter can
 * bind.
 */
export function presetFor(adapter: Adapter | undefined, plans: readonly PresetPlan[]): PresetName {
  return adapter?.software ? "tiny" : [...plans].reverse().find((plan) => fits(plan, adapter))?.name ?? "article";
}

/** Radio buttons. `chosen` hears of a choice; what the settings are decides which is checked, if any. */
export function presetChoice({ presets, controls }: Family, chosen: (name: PresetName) => void) {
  const options = presetNames.map((name) => {
    const radio = el("input", { type: "radio", name: "preset", value: name }), needs = el("span", { class: "needs" });
    radio.addEventListener("change", () => { chosen(name); });
    return { name, radio, needs, element: el("label", {}, radio, el("span", {}, titles[name]), needs) };
  });
  return {
    element: el("fieldset", { class: "presets" }, el("legend", {}, "Preset"), ...options.map(({ element }) => element)),
    plans(plans: readonly PresetPlan[], adapter: Adapter | undefined): void {
      for (const { name, radio, needs } of options) {
        const plan = plans.find((p) => p.name === name);
        if (!plan) continue;
        radio.disabled = !fits(plan, adapter);
        needs.textContent = radio.disabled ? `needs bindings of ${bytes(plan.largest)}` : bytes(plan.bytes);
      }
    },
    show(settings: Settings): void {
      for (const { name, radio } of options) {
        const preset = Object.entries(readSettings(controls, presets[name], ""));
        radio.checked = preset.every(([control, value]) => control === "seed" || settings[control] === value);
      }
    },
  };
}
