// What Convoy uses of the npm package wgsl_reflect: its interpreter in checkRaces(), its reflection in tests.
declare module "wgsl_reflect/wgsl_reflect.module.js" {
  export interface Statement { readonly astNodeType: string; readonly name: string; readonly line: number; readonly storage?: string }
  export class WgslParser { static Parse(code: string): Statement[] }
  export interface TypeInfo { readonly name: string; readonly size: number; readonly stride?: number; readonly format?: TypeInfo; readonly isArray: boolean; readonly members?: readonly { name: string; type: TypeInfo; offset: number }[] }
  /** What follows a variable's name: [index] or .member, and what follows that. */
  export interface Postfix { readonly index?: unknown; readonly value?: string; readonly postfix?: Postfix | null }
  export class Data { readonly typeInfo: TypeInfo; clone(): Data }
  export class ScalarData extends Data { value: number }
  export class TypedData extends Data {
    constructor(buffer: ArrayBufferLike, type: TypeInfo, offset?: number, parent?: Data | null);
    readonly buffer: ArrayBuffer;
    readonly offset: number;
    getSubData(exec: WgslExec, postfix: Postfix | null, context: Context): Data | null;
    setDataValue(exec: WgslExec, value: Data, postfix: Postfix | null, context: Context): void;
  }
  export interface Variable { readonly name: string; value: Data | null; readonly node?: Statement }
  export interface Context { readonly variables: Map<string, Variable>; clone(): Context }
  /** Groups: group number → binding number → a typed array, or { uniform } holding one. */
  export class WgslExec {
    constructor(program: Statement[]);
    dispatchWorkgroups(entry: string, grid: number[], groups: Record<number, Record<number, unknown>>): void;
    evalExpression(node: unknown, context: Context): Data | null;
    execStatement(statement: Statement, context: Context): Data | null;
    _call(node: Statement, context: Context): void;
    _dispatchWorkgroup(f: unknown, id: number[], context: Context): void;
    _dispatchExec(f: unknown, context: Context): void;
  }
  interface Resource { readonly name: string; readonly group: number; readonly binding: number; readonly access: string }
  export class WgslReflect {
    constructor(code: string);
    readonly entry: { readonly compute: readonly { readonly name: string; readonly resources: readonly Resource[] }[] };
    readonly uniforms: readonly { readonly members: readonly { readonly name: string; readonly type: { readonly name: string } }[] }[];
  }
}
