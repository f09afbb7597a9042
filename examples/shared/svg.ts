// A small way to draw.
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
