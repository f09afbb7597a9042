// A small way to draw: elements of SVG, and logarithmic axes.
type Child = SVGElement | string | undefined | false;

/** Makes an element of SVG; properties become attributes, strings text. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K, properties: Readonly<Record<string, string | number>> = {}, ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(properties))
    element.setAttribute(name, typeof value === "number" ? String(Math.round(100 * value) / 100) : value);
  element.append(...children.filter((c): c is SVGElement | string => c !== undefined && c !== false));
  return element;
}

/** A logarithmic axis from `low` to `high`, drawn from `from` to `to`. */
export function logarithmic(low: number, high: number, from: number, to: number) {
  const scale = (to - from) / Math.log(high / low);
  return {
    low, high,
    at: (value: number) => from + scale * Math.log(Math.min(high, Math.max(low, value)) / low),
    /** The powers of ten within; where there are few, 2 and 5 times them too. */
    ticks: [1, 2, 5].flatMap((n) => Array.from({ length: 31 }, (_, i) => [n, n * 10 ** (i - 15)] as const))
      .filter(([n, value]) => value >= low && value <= high && (n === 1 || high / low < 200)).map(([, value]) => value),
  };
}

/** "0.01", "5", "2 k". */
export const short = (value: number) => value >= 1000
  ? `${Number((value / 1000).toPrecision(3))} k`
  : String(Number(value.toPrecision(3)));
