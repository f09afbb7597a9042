import { expect, test } from "vitest";
import { accumulate_add } from "../../src/generated/accumulate.js";
import { random, run, runners, threeRows } from "../support.js";

test.each(Object.keys(runners))("a further part is added, rounded once: %s", async (where) => {
  for (const size of [1, 64, 67, 200]) {
    const before = random(1, size), part = random(2, size);
    const { total } = await run(runners[where], accumulate_add, { total: before, part }, { total: size }, { size }, size === 200 ? threeRows(size) : size);
    expect([...total]).toEqual(Array.from(before, (v, i) => Math.fround(v + part[i])));
  }
});
