import { expect, test } from "vitest";
import { accumulate_add } from "../../src/generated/accumulate.js";
import { random, run, runners, threeRows } from "../support.js";

test.each(Object.keys(runners))("a further part is added, rounded once: %s", async (where) => {
  for (const size of [1, 64, 67, 200]) {
    const before = random(1, size), part = random(2, size), given = { total: before, part };
    const work = size === 200 ? threeRows(size) : size;
    const { total } = await run(runners[where], accumulate_add, given, { total: size }, { size }, work);
    expect([...total]).toEqual(Array.from(before, (v, i) => Math.fround(v + part[i])));
  }
});
