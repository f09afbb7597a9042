declare module "wgsl_reflect/wgsl_reflect.module.js" {
  export interface Statement { readonly astNodeType: string; readonly name: string }
  export class WgslParser { static Parse(code: string): Statement[] }
  /** Groups: group number → binding number → a typed array, or { uniform } holding one. */
  export class WgslExec {
    constructor(program: Statement[]);
    dispatchWorkgroups(entry: string, grid: number[], groups: Record<number, Record<number, unknown>>): void;
  }
  interface Resource { readonly name: string; readonly group: number; readonly binding: number; readonly access: string }
  export class WgslReflect {
    constructor(code: string);
    readonly entry: { readonly compute: readonly { readonly name: string; readonly resources: readonly Resource[] }[] };
    readonly uniforms: readonly { readonly members: readonly { readonly name: string; readonly type: { readonly name: string } }[] }[];
  }
}
