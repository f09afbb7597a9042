import { ShaderError } from "../errors.js";

/** A formula that was understood: as WGSL over Values, and as a function in f64. */
export interface Expression {
  readonly wgsl: string;
  /** Which of the allowed names it uses. */
  readonly uses: ReadonlySet<string>;
  evaluate(values: Readonly<Record<string, number>>): number;
}

type Of = (values: Readonly<Record<string, number>>) => number;  // of truths, 0 or 1
/** `whole`: the integer that is written here, if one is. */
interface Node { readonly wgsl: string; readonly truth: boolean; readonly of: Of; readonly whole?: number }

/**
 * A power with a whole exponent, by multiplications: WGSL's pow() of a negative base is indeterminate, and adapters
 * differ in its sign.
 */
const power = (base: Node, n: number): Node => {
  const wgsl = `whole_power(${base.wgsl}, ${Math.abs(n)}u)`;
  return { wgsl: n < 0 ? `(Value(1.0) / ${wgsl})` : wgsl, truth: false, of: (v) => base.of(v) ** n };
};
const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
/** The nearest integer; of two, the even one. */
const even = (x: number) => Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
/**
 * WGSL's functions of numbers, in f64. tanh is lib/activation.wgsl's: WGSL's own is NaN for large arguments on some
 * adapters.
 */
const FUNCTIONS: Readonly<Record<string, (...v: number[]) => number>> = {
  abs: Math.abs, acos: Math.acos, asin: Math.asin, atan: Math.atan, atan2: (y, x) => Math.atan2(y, x),
  ceil: Math.ceil, clamp: (x, low, high) => clamp(x, low, high), cos: Math.cos, cosh: Math.cosh,
  exp: Math.exp, exp2: (x) => 2 ** x,
  floor: Math.floor, fma: (a, b, c) => a * b + c, fract: (x) => x - Math.floor(x),
  inverseSqrt: (x) => 1 / Math.sqrt(x), log: Math.log, log2: Math.log2,
  max: (a, b) => Math.max(a, b), min: (a, b) => Math.min(a, b), mix: (a, b, t) => a * (1 - t) + b * t,
  pow: (a, b) => a ** b, round: even,
  saturate: (x) => clamp(x, 0, 1), sign: Math.sign, sin: Math.sin, sinh: Math.sinh,
  smoothstep: (a, b, x) => {
    const t = clamp((x - a) / (b - a), 0, 1);
    return t * t * (3 - 2 * t);
  },
  sqrt: Math.sqrt, step: (edge, x) => Number(x >= edge), tan: Math.tan, tanh: Math.tanh, trunc: Math.trunc,
};
const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b, "-": (a, b) => a - b, "*": (a, b) => a * b, "/": (a, b) => a / b,
};
const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "<": (a, b) => a < b, ">": (a, b) => a > b, "<=": (a, b) => a <= b, ">=": (a, b) => a >= b,
  "==": (a, b) => a === b, "!=": (a, b) => a !== b,
};
const LEVELS: readonly (readonly string[])[] = [["|"], ["&"], Object.keys(COMPARISONS), ["+", "-"], ["*", "/"]];
/** A number, a word, a sign, or what is none of them. */
const TOKEN =
  /\s*(?:(\d+\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?)|([A-Za-z_]\w*)|(<=|>=|==|!=|&&|\|\||[-+*/()<>,!&|])|(\S))/gy;

/**
 * Reads a formula over `names` (their names in the shader), WGSL's functions of numbers, numbers, + - * /, comparisons,
 * & | ! and select(no, yes, when). What goes to the shader is printed from the tree that was read, with every number a
 * Value, so that it holds for one element and for four; nothing of the text itself gets there. pow(x, n) with an
 * integer from −15 to 15 is a product; of a negative x, other powers are indeterminate in WGSL. Throws a ShaderError
 * with the column.
 */
export function expression(what: string, text: string, names: Readonly<Record<string, string>>): Expression {
  const tokens = [...String(text).matchAll(TOKEN)].map((m) =>
    ({ number: m[1], word: m[2], sign: m[3], alien: m[4], column: m.index + m[0].search(/\S/) + 1 }));
  const uses = new Set<string>();
  let next = 0;
  const fail = (why: string, column = tokens[next]?.column ?? String(text).trimEnd().length + 1): never => {
    throw new ShaderError(`${what}, column ${column}: ${why}`, { line: 1, column, expression: text });
  };
  for (const t of tokens) {
    if (t.alien) fail(`"${t.alien}" has no place in a formula`, t.column);
    if (t.sign === "&&" || t.sign === "||")
      fail(`write ${t.sign[0]} instead of ${t.sign}: it works on four elements at once, too`, t.column);
  }
  const take = (sign: string) => tokens[next]?.sign === sign && ++next > 0;
  const expect = (sign: string) => {
    if (!take(sign)) fail(`expected "${sign}"${tokens[next] ? `, not "${shown(next)}"` : ", but the formula ends"}`);
  };
  const shown = (i: number) => tokens[i].number ?? tokens[i].word ?? tokens[i].sign;
  const number = (n: Node, column: number) =>
    n.truth ? fail("this is true or false, and a number is needed; choose with select(no, yes, when)", column) : n;
  const truth = (n: Node, column: number) => n.truth ? n : fail("this is a number, and a comparison is needed", column);

  function level(l: number): Node {
    if (l === LEVELS.length) return unary();
    let column = tokens[next]?.column, left = level(l + 1);
    for (let op = tokens[next]?.sign; op && LEVELS[l].includes(op); op = tokens[next]?.sign) {
      const a = l < 2 ? truth(left, column) : number(left, column);
      next++;
      const at = tokens[next]?.column, right = level(l + 1), b = l < 2 ? truth(right, at) : number(right, at);
      const wgsl = `(${a.wgsl} ${op} ${b.wgsl})`;
      const f = ARITHMETIC[op], compare = COMPARISONS[op], or = op === "|";
      left = f ? { wgsl, truth: false, of: (v) => f(a.of(v), b.of(v)) }
        : compare ? { wgsl, truth: true, of: (v) => Number(compare(a.of(v), b.of(v))) }
        : { wgsl, truth: true, of: (v) => Number(or ? a.of(v) || b.of(v) : a.of(v) && b.of(v)) };
    }
    return left;
  }
  function unary(): Node {
    const column = tokens[next]?.column;
    if (take("-")) {
      const a = number(unary(), column);
      return { wgsl: `(-${a.wgsl})`, truth: false, of: (v) => -a.of(v), whole: a.whole && -a.whole };
    }
    if (take("!")) {
      const a = truth(unary(), column);
      return { wgsl: `(!${a.wgsl})`, truth: true, of: (v) => 1 - a.of(v) };
    }
    return primary();
  }
  function primary(): Node {
    const t = tokens[next];
    if (!t) fail("the formula ends where a number is needed");
    if (take("(")) { const a = level(0); expect(")"); return a; }
    if (t.sign) fail(`"${t.sign}" stands where a number is needed`);
    next++;
    if (t.number) {
      const value = Number(t.number);
      if (!(value <= 3.4028234e38)) fail(`${t.number} is more than an f32 holds`, t.column);
      const literal = /[.e]/.test(String(value)) ? value : `${value}.0`;
      const whole = Number.isInteger(value) && { whole: value };
      return { wgsl: `Value(${literal})`, truth: false, of: () => value, ...whole };
    }
    if (tokens[next]?.sign !== "(") {
      if (!Object.hasOwn(names, t.word)) fail(
        `there is no "${t.word}" here, only ${Object.keys(names).join(", ")}, and WGSL's functions`, t.column,
      );
      uses.add(t.word);
      return { wgsl: names[t.word], truth: false, of: (v) => v[t.word] };
    }
    return call(t.word, t.column);
  }
  function call(name: string, column: number): Node {
    const chosen = name === "select", f = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    const takes = chosen ? 3 : f?.length ?? 0, args: Node[] = [];
    if (!chosen && !f) fail(
      `there is no function "${name}"; there are ${Object.keys(FUNCTIONS).join(", ")} and select`, column,
    );
    next++;
    if (!take(")")) {
      do {
        const at = tokens[next]?.column, arg = level(0);
        args.push(chosen && args.length === 2 ? truth(arg, at) : number(arg, at));
      } while (take(","));
      expect(")");
    }
    if (args.length !== takes)
      fail(`${name} takes ${takes} argument${takes > 1 ? "s" : ""}, not ${args.length}`, column);
    if (name === "pow" && Math.abs(args[1]?.whole ?? 16) < 16) return power(args[0], args[1].whole!);
    const [no, yes, when] = args;
    const wgsl = `${name === "tanh" ? "safe_tanh" : name}(${args.map((a) => a.wgsl).join(", ")})`;
    return {
      wgsl, truth: false,
      of: chosen
        ? (v) => when.of(v) ? yes.of(v) : no.of(v)
        : (v) => f!(...args.map((a) => a.of(v))),
    };
  }

  const tree = number(level(0), 1);
  if (next < tokens.length) fail(`unexpected "${shown(next)}"`);
  return { wgsl: tree.wgsl, uses, evaluate: tree.of };
}
