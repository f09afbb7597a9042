// Formulas as MathML: the output's size, in letters and in numbers.
import { el } from "../shared/dom.js";
import type { Setup } from "./setup.js";

type Part = Node | string;

/** A MathML element. */
function m(tag: string, ...children: readonly Part[]): Element {
  const element = document.createElementNS("http://www.w3.org/1998/Math/MathML", tag);
  element.append(...children);
  return element;
}
const row = (...children: readonly Part[]) => m("mrow", ...children);
const letter = (name: string, below?: string) => below ? m("msub", m("mi", name), m("mi", below)) : m("mi", name);
/** An expression of letters, numbers and signs, "H−R+2p", each symbol its element. */
const expression = (...symbols: readonly Part[]) => row(...symbols.map((s) =>
  typeof s !== "string" ? s : /^[\d.]+$/.test(s) ? m("mn", s) : /^\p{L}$/u.test(s) ? m("mi", s) : m("mo", s)));
/** A formula, or a piece of one, with fractions as large as the rest. */
function math(...children: readonly Part[]): Element {
  const element = m("math", ...children);
  element.setAttribute("displaystyle", "true");
  return element;
}
/** Not every system has a font with these brackets: the style sheet draws them around a fraction. */
const floor = (top: Part, bottom: Part) => el("span", { class: "floor" }, math(m("mfrac", top, bottom)));
const line = (...parts: readonly Node[]) => el("div", { class: "equation" }, ...parts);
const signed = (n: number) => expression(...n < 0 ? ["−"] : [], String(Math.abs(n)));

/** P = ⌊(H − R + 2p + s) / s⌋ for one axis, in letters, then in the setup's numbers. */
export function sizeFormula(setup: Setup, axis: 0 | 1): Element {
  const [out, input, window, side] = axis ? ["Q", "W", "S", "w"] : ["P", "H", "R", "h"];
  const { dilation } = setup, equals = () => m("mo", "=");
  const [n, k, p, s] = [setup.size[axis], setup.window[axis], setup.padding[axis], setup.stride[axis]];
  const reach = dilation * (k - 1) + 1, top = n - reach + 2 * p + s;
  const span = dilation > 1 ? ["(", "d", "(", window, "−", "1", ")", "+", "1", ")"] : [window];
  const letters = expression(input, "−", ...span, "+", "2", letter("p", side), "+", letter("s", side));
  const figures = expression(String(n), "−", String(reach), "+", "2", "·", String(p), "+", String(s));
  const result = Math.floor(top / s);
  const label = `${out} is the floor of ${n} minus ${reach} plus twice ${p} plus ${s}, divided by ${s}: ${result}`;
  return el("div", { class: "equations", role: "math", "aria-label": label },
    line(math(letter(out), equals()), floor(letters, letter("s", side))),
    line(math(equals()), floor(figures, m("mn", String(s))), math(equals()),
      floor(signed(top), m("mn", String(s))), math(equals(), signed(result))));
}

/** What a cell is, in letters: a and b run over the window, c over the channels that the filter sees. */
export function cellFormula({ layer }: Setup): Element {
  const at = (name: string, ...index: readonly Part[]) => m("msub", m("mi", name), expression(...index));
  const d = layer === "avg" ? [] : ["d"];
  const where = () => [
    "i", letter("s", "h"), "+", "a", ...d, "−", letter("p", "h"), ",",
    "j", letter("s", "w"), "+", "b", ...d, "−", letter("p", "w"),
  ];
  const below = (operator: Element, ...under: readonly Part[]) => m("munder", operator, expression(...under));
  const right = {
    conv: [
      below(m("mo", "∑"), "c", ",", "a", ",", "b"),
      at("x", "c", ",", ...where()), at("w", "k", ",", "c", ",", "a", ",", "b"),
    ],
    max: [below(m("mo", "max"), "a", ",", "b"), at("x", "k", ",", ...where())],
    avg: [
      m("mfrac", m("mn", "1"), expression("R", "S")),
      below(m("mo", "∑"), "a", ",", "b"), at("x", "k", ",", ...where()),
    ],
  }[layer];
  const words = { conv: "sum of inputs times weights", max: "largest input", avg: "mean of the inputs" }[layer];
  const formula = math(at("y", "k", ",", "i", ",", "j"), m("mo", "="), ...right);
  formula.setAttribute("display", "block");
  formula.setAttribute("aria-label", `y at k, i, j is the ${words} under the window`);
  return formula;
}
