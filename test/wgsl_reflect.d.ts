declare module "wgsl_reflect/wgsl_reflect.module.js" {
  export interface Statement { readonly astNodeType: string; readonly name: string }
  export class WgslParser { static Parse(code: string): Statement[] }
  /** Groups: group number → binding number → a typed array, or { uniform } holding one. */
  export class WgslExec {
    constructor(program: Statement[]);
    dispatchWorkgroups(entry: string, grid: number[], groups: Record<number, Record<number, unknown>>): void;
  }
}
