// What Convoy uses of the npm package wgsl_reflect: its interpreter in checkRaces(), its reflection in tests.
declare module "wgsl_reflect/wgsl_reflect.module.js" {
  /** A statement or an expression; which of these it has depends on its kind. */
  export interface Node {
    readonly name?: string;
    readonly line: number;
    readonly operator?: string;
    readonly left?: Node;
    readonly right?: Node;
    readonly postfix?: Postfix | null;
    readonly args?: readonly Node[];
    readonly variable?: Node;
    readonly value?: unknown;
  }
  export interface Statement extends Node {
    readonly astNodeType: string;
    readonly name: string;
    readonly storage?: string;
    readonly type?: unknown;
  }
  export class WgslParser { static Parse(code: string): Statement[] }
  export class VariableExpr implements Node {
    constructor(name: string);
    readonly name: string;
    readonly line: number;
    readonly postfix?: Postfix | null;
  }
  export class UnaryOperator implements Node {
    readonly operator: string;
    readonly right: Node;
    readonly line: number;
    readonly postfix?: Postfix | null;
  }
  export interface TypeInfo {
    readonly name: string;
    readonly size: number;
    readonly stride?: number;
    readonly format?: TypeInfo;
    readonly isArray: boolean;
    readonly members?: readonly { name: string; type: TypeInfo; offset: number }[];
    getTypeName(): string;
  }
  /** What follows a variable's name: [index] or .member, and what follows that. */
  export interface Postfix { readonly index?: Node; readonly value?: string; readonly postfix?: Postfix | null }
  export class Data {
    readonly typeInfo: TypeInfo;
    clone(): Data;
    getSubData(exec: WgslExec, postfix: Postfix | null, context: Context): Data | null;
  }
  type Numbers = Float32Array | Int32Array | Uint32Array;
  export class ScalarData extends Data { constructor(value: number | Numbers, type: TypeInfo); value: number }
  export class VectorData extends Data { constructor(values: Numbers, type: TypeInfo) }
  export class PointerData extends Data { constructor(to: Data); readonly reference: Data }
  export class TypedData extends Data {
    constructor(buffer: ArrayBufferLike, type: TypeInfo, offset?: number, parent?: Data | null);
    readonly buffer: ArrayBuffer;
    readonly offset: number;
    setDataValue(exec: WgslExec, value: Data, postfix: Postfix | null, context: Context): void;
  }
  export interface Variable { readonly name: string; value: Data | null; readonly node?: Statement }
  export interface FunctionRef {
    readonly node: { readonly args: readonly Statement[]; readonly body: readonly Statement[] };
  }
  export interface Context {
    readonly variables: Map<string, Variable>;
    currentFunctionName: string;
    clone(): Context;
    getVariable(name: string): Variable | null;
    getFunction(name: string): FunctionRef | null;
    createVariable(name: string, value: Data, node?: Statement): void;
  }
  /** Groups: group number → binding number → a typed array, or { uniform } holding one. */
  export class WgslExec {
    constructor(program: Statement[]);
    dispatchWorkgroups(entry: string, grid: number[], groups: Record<number, Record<number, unknown>>): void;
    getTypeInfo(type: unknown): TypeInfo;
    evalExpression(node: Node, context: Context): Data | null;
    execStatement(statement: Statement, context: Context): Data | null;
    _execStatements(statements: readonly Statement[], context: Context): Data | null;
    _evalCallValue(node: Node, context: Context): Data | null;
    _call(node: Node, context: Context): void;
    _assign(node: Node, context: Context): void;
    _increment(node: Node, context: Context): void;
    _dispatchWorkgroup(f: unknown, id: number[], context: Context): void;
    _dispatchExec(f: unknown, context: Context): void;
  }
  interface Resource {
    readonly name: string;
    readonly group: number;
    readonly binding: number;
    readonly access: string;
  }
  interface Uniform { readonly members: readonly { readonly name: string; readonly type: { readonly name: string } }[] }
  export class WgslReflect {
    constructor(code: string);
    readonly entry: { readonly compute: readonly { readonly name: string; readonly resources: readonly Resource[] }[] };
    readonly uniforms: readonly Uniform[];
  }
}
