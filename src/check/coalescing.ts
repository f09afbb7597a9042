import type { Access } from "./access.js";

/** The least that a GPU fetches, in bytes, and how many invocations load together: a common size of subgroups. */
const SECTOR = 32, TOGETHER = 32;

/** How a line of a shader reads or writes a tensor. */
export interface Pattern {
  readonly variable: string; readonly kind: Access["kind"]; readonly line: number;
  /** Sectors of 32 bytes that a subgroup touches at once, on average, and how many would hold as much in a row. */
  readonly sectors: number; readonly enough: number;
}

/**
 * Counts what neighbouring invocations fetch together, which GPUs coalesce: 32 floats in a row are 4 sectors, 32 that
 * lie rows apart are 32, of which an eighth is used. Of a line, the n-th accesses of a subgroup's invocations count as
 * one instruction.
 */
export function coalescing() {
  const turns = new Map<string, number>();
  const together = new Map<string, { key: string; words: Set<number>; who: Set<number>; a: Access }>();
  return {
    access(a: Access): void {
      const key = `${a.line} ${a.variable} ${a.kind}`, own = `${a.workgroup} ${a.invocation} ${key}`;
      const turn = turns.get(own) ?? 0, group = Math.floor(a.invocation / TOGETHER);
      turns.set(own, turn + 1);
      const id = `${a.workgroup} ${group} ${turn} ${key}`, one = together.get(id);
      const { words, who } = one ?? { words: new Set<number>(), who: new Set<number>() };
      if (!one) together.set(id, { key, words, who, a });
      who.add(a.invocation);
      for (let word = a.byte >> 2; 4 * word < a.byte + a.size; word++) words.add(word);
    },
    /** The lines at which at least half a subgroup fetches four times what would be enough, or more. */
    patterns(): Pattern[] {
      const lines = new Map<string, { a: Access; times: number; sectors: number; enough: number }>();
      for (const { key, words, who, a } of together.values()) {
        if (who.size < TOGETHER / 2) continue;
        const line = lines.get(key) ?? { a, times: 0, sectors: 0, enough: 0 };
        lines.set(key, line);
        line.times++;
        line.sectors += new Set([...words].map((word) => Math.floor(4 * word / SECTOR))).size;
        line.enough += Math.ceil(4 * words.size / SECTOR);
      }
      return [...lines.values()].filter(({ sectors, enough }) => sectors >= 4 * enough)
        .map(({ a: { variable, kind, line }, times, sectors, enough }) =>
          ({ variable, kind, line, sectors: Math.round(sectors / times), enough: Math.ceil(enough / times) }));
    },
  };
}
