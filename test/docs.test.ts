import { readFileSync } from "node:fs";
import ts from "typescript";
import { expect, test } from "vitest";

/** The entries of the package, as source: what package.json's exports name by their types. */
const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as { exports: Record<string, { types?: string }> };
const entries = Object.values(exports)
  .flatMap(({ types }) => types ? [types.replace("./dist/types/", "").replace(".d.ts", ".ts")] : []);

test("every public name says what it is", () => {
  // Without the types of the platform, which no docstring needs: a tenth of the time.
  const program = ts.createProgram(entries, {
    noLib: true, types: [], module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler,
  });
  const checker = program.getTypeChecker();
  const bare: string[] = [];
  let names = 0;
  for (const entry of entries) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)!;
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      names++;
      if (!symbol.getDocumentationComment(checker).length) bare.push(`${entry}: ${exported.name}`);
    }
  }
  expect(entries.length).toBeGreaterThan(4);
  expect(names).toBeGreaterThan(100);
  expect(bare).toEqual([]);
});
