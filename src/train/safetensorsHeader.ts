// The header of a safetensors file. Not by JSON.parse, which keeps the last of two equal keys in silence, takes
// "__proto__" for a prototype, and rounds large numbers: this reader knows just the JSON that such a header may hold,
// and says where it goes wrong.
import { FormatError } from "../errors.js";

/** One tensor as its header describes it. Neither the type nor the place is checked yet. */
export interface Entry {
  readonly dtype: string;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * header = { "__metadata__"?: { key: string, … }, name: tensor, … }
 * tensor = { "dtype": string, "shape": [n, …], "data_offsets": [begin, end] }
 */
export function parseHeader(
  text: string, what: string,
): { entries: Map<string, Entry>; metadata: Map<string, string> } {
  const entries = new Map<string, Entry>(), metadata = new Map<string, string>(), scan = new Scanner(text, what);
  scan.object((name) => {
    if (name !== "__metadata__") entries.set(name, entry(scan));
    else scan.object((key) => metadata.set(key, scan.string("a metadata value (text in quotes)")));
  });
  scan.end();
  return { entries, metadata };
}

function entry(scan: Scanner): Entry {
  const found: { dtype?: string; shape?: number[]; data_offsets?: number[] } = {};
  scan.object((key) => {
    if (key === "dtype") found.dtype = scan.string("a dtype");
    else if (key === "shape") found.shape = scan.integers();
    else if (key === "data_offsets") found.data_offsets = scan.integers();
    else scan.fail(`dtype, shape or data_offsets, got the key ${JSON.stringify(key)}`);
  });
  const { dtype, shape, data_offsets } = found;
  if (dtype === undefined || shape === undefined || data_offsets === undefined)
    return scan.fail("a tensor with dtype, shape and data_offsets; one is missing");
  if (data_offsets.length !== 2) return scan.fail(`two data_offsets, begin and end, got ${data_offsets.length}`);
  return { dtype, shape, begin: data_offsets[0], end: data_offsets[1] };
}

/**
 * Walks over JSON text from left to right, once. Loops rather than regular expressions: those may run out of stack on a
 * long header.
 */
class Scanner {
  #at = 0;
  constructor(readonly text: string, readonly what: string) {}

  fail(expected: string): never {
    const rest = this.text.slice(this.#at, this.#at + 20);
    throw new FormatError(
      `${this.what}: header, character ${this.#at}: expected ${expected}; `
        + `here is ${rest ? JSON.stringify(rest) : "the end"}; write the file again with a safetensors library`,
      { at: this.#at, expected },
    );
  }

  /** Calls `value` after each key, to read what follows. A key may come once. */
  object(value: (key: string) => void): void {
    const keys = new Set<string>();
    this.#expect("{");
    if (this.#skip("}")) return;
    do {
      const key = this.string("a key in quotes");
      if (keys.has(key)) this.fail(`each key once, but ${JSON.stringify(key)} comes again just before`);
      keys.add(key);
      this.#expect(":");
      value(key);
    } while (this.#skip(","));
    this.#expect("}");
  }

  integers(): number[] {
    const list: number[] = [];
    this.#expect("[");
    if (this.#skip("]")) return list;
    do {
      if (list.length === 64) this.fail("at most 64 numbers, PyTorch's highest rank");
      list.push(this.#integer());
    } while (this.#skip(","));
    this.#expect("]");
    return list;
  }

  string(expected: string): string {
    this.#space();
    const start = this.#at;
    if (this.text[start] !== '"') this.fail(expected);
    let end = start + 1;
    while (end < this.text.length && this.text[end] !== '"') end += this.text[end] === "\\" ? 2 : 1;
    try {
      // One string: escapes and control characters are its business.
      const value: unknown = JSON.parse(this.text.slice(start, end + 1));
      if (typeof value === "string" && !/\p{Surrogate}/u.test(value)) {
        this.#at = end + 1;
        return value;
      }
    } catch { /* as below */ }
    return this.fail(`${expected}, closed and well formed`);
  }

  end(): void {
    this.#space();
    if (this.#at < this.text.length) this.fail("spaces only after the last brace");
  }

  #integer(): number {
    this.#space();
    const start = this.#at, digit = (at: number) => this.text[at] >= "0" && this.text[at] <= "9";
    let end = start;
    while (end < this.text.length && digit(end)) end++;
    const value = end - start > 16 || end === start ? NaN : Number(this.text.slice(start, end));
    if (!Number.isSafeInteger(value) || (this.text[start] === "0" && end > start + 1))
      this.fail("a whole number from 0 to 2⁵³ − 1 in digits");
    this.#at = end;
    return value;
  }

  #space(): void {
    while (this.#at < this.text.length && " \t\n\r".includes(this.text[this.#at])) this.#at++;
  }

  #skip(mark: string): boolean {
    this.#space();
    if (this.text[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  #expect(mark: string): void {
    if (!this.#skip(mark)) this.fail(`"${mark}"`);
  }
}
