import type * as Wgsl from "wgsl_reflect/wgsl_reflect.module.js";
import { ShaderError } from "../errors.js";
import type {
  Context, Data, FunctionRef, Node, Postfix, Statement, TypeInfo,
} from "wgsl_reflect/wgsl_reflect.module.js";
import type { Access, Watch } from "./access.js";

/** Thrown to leave an invocation at a barrier. */
const BARRIER = Symbol("barrier");

interface Invocation { readonly reads: Data[]; writes: number; barriers: number; done: boolean; line: number }

/**
 * wgsl_reflect's interpreter, which runs a whole invocation after the other, made to stop at barriers: an invocation
 * that comes to one is left, and when all of its workgroup have come there, each begins anew, with what it has read so
 * far read again from a log and what it has written not written again, and goes on behind the barrier. So every access
 * falls into one phase between two barriers, and a watch sees all of them: of whole variables, of elements, members and
 * components, by name or by pointer. (Its own detectRaces() knows neither workgroupUniformLoad nor components, and lets
 * memory of one workgroup be read by the next.)
 */
export function interpret(
  wgsl: typeof Wgsl, code: string, entry: string, grid: readonly number[],
  groups: Record<number, Record<number, unknown>>, watch: Watch,
): void {
  let workgroup = -1, turn = 0, line = 0, stopped = false;
  let invocations: Invocation[] = [], now: Invocation, read = 0, write = 0, passed = 0, outermost: Context;

  /** Whether this is `*p` or `&v`, and not a product or an and. */
  const pointers = (node: Node): node is Wgsl.UnaryOperator =>
    node instanceof wgsl.UnaryOperator && /[*&]/.test(node.operator);

  /** A place in shared memory: a variable, or what its indices and members name. */
  class Place extends wgsl.TypedData {
    /** `index`: its first one, for messages. `swizzle`: components that are taken of what is read. */
    constructor(
      readonly variable: string, buffer: ArrayBuffer, type: TypeInfo, offset = 0,
      readonly whole = type, readonly index?: number, readonly swizzle?: Postfix,
    ) { super(buffer, type, offset); }

    get elements(): number {
      return this.buffer.byteLength / (this.whole.isArray ? this.whole.stride! : this.whole.size);
    }
    /** What [index].member … names in it. */
    at(exec: Wgsl.WgslExec, postfix: Postfix, context: Context): Place {
      let { offset, typeInfo: type, index } = this, p: Postfix | null = postfix;
      for (; p; p = p.postfix ?? null) {
        const name = type.getTypeName(), rows = Number(/^mat\dx(\d)/.exec(name)?.[1] ?? 0);
        const member = type.members?.find(({ name }) => name === p!.value);
        if (p.index !== undefined) {
          const i = Number((exec.evalExpression(p.index, context) as Wgsl.ScalarData).value);
          index ??= i;
          offset += i * (type.isArray ? type.stride! : rows ? rows === 2 ? 8 : 16 : 4);
          type = type.isArray ? type.format! : exec.getTypeInfo(rows ? `vec${rows}f` : SCALARS[name.at(-1)!]);
        } else if (member) {
          offset += member.offset;
          type = member.type;
        } else if (p.value!.length === 1) {
          offset += 4 * Math.max("xyzw".indexOf(p.value!), "rgba".indexOf(p.value!));
          type = exec.getTypeInfo(SCALARS[name.at(-1)!]);
        } else break;
      }
      return new Place(this.variable, this.buffer, type, offset, this.whole, index, p ?? undefined);
    }
    /** Tells the watch; whether the place exists. */
    #tell(kind: "read" | "write", size: number): boolean {
      const a: Access = {
        variable: this.variable, byte: this.offset, size, kind, atomic: this.typeInfo.name === "atomic",
        line, workgroup, invocation: turn - 1,
      };
      const inside = this.offset >= 0 && this.offset + size <= this.buffer.byteLength;
      if (inside) watch.access(a); else watch.outside(a, this.elements, this.index ?? 0);
      return inside;
    }
    override getSubData(exec: Wgsl.WgslExec, postfix: Postfix | null, context: Context): Data {
      const place = postfix ? this.at(exec, postfix, context) : this, { typeInfo: type, offset, swizzle } = place;
      if (read === now.reads.length) {
        const size = type.size || this.buffer.byteLength - offset;
        const bytes = place.#tell("read", size) ? this.buffer.slice(offset, offset + size) : new ArrayBuffer(size);
        const value = valueOf(type, bytes);
        now.reads.push(swizzle ? value.getSubData(exec, swizzle, context)! : value);
      }
      return now.reads[read++].clone();
    }
    override setDataValue(exec: Wgsl.WgslExec, value: Data, postfix: Postfix | null, context: Context): void {
      const place = postfix ? this.at(exec, postfix, context) : this, { typeInfo: type, offset } = place;
      if (write++ < now.writes) return;
      now.writes++;
      if (place.#tell("write", type.size || this.buffer.byteLength - offset))
        new wgsl.TypedData(this.buffer, type, offset).setDataValue(exec, value, null, context);
    }
  }

  /** These bytes as the interpreter holds a value of this type. */
  function valueOf(type: TypeInfo, bytes: ArrayBuffer): Data {
    const of = type.name === "atomic" ? type.format! : type, name = of.getTypeName();
    const kind = /^(?:f|vec\d[fh]$)/.test(name) ? Float32Array
      : /^(?:u|vec\d[ub]$)/.test(name) ? Uint32Array
      : Int32Array;
    if (/^(?:[fiu]\d\d|bool)$/.test(name)) return new wgsl.ScalarData(new kind(bytes, 0, 1), of);
    if (/^vec\d\w$/.test(name)) return new wgsl.VectorData(new kind(bytes, 0, Number(name[3])), of);
    return new wgsl.TypedData(bytes, of);
  }

  class Exec extends wgsl.WgslExec {
    override execStatement(statement: Statement, context: Context): Data | null {
      if (/^(?:staticAssert|enable|requires)$/.test(statement.astNodeType)) return null;  // the compiler's business
      const outer = line;
      line = statement.line;
      const result = super.execStatement(statement, context);
      line = outer;  // a call within an index leaves it as it was
      return result;
    }
    /** The place in shared memory that an expression names, if it names one. */
    #place(node: Node, context: Context): Place | undefined {
      let base: Data | null | undefined;
      if (node instanceof wgsl.VariableExpr) base = context.getVariable(node.name)?.value;
      else if (pointers(node)) base = this.#place(node.right, context);
      if (base instanceof wgsl.PointerData) base = base.reference;
      return base instanceof Place ? node.postfix ? base.at(this, node.postfix, context) : base : undefined;
    }
    /** A context in which @place is that place, for what the interpreter does with a variable by its name. */
    #known(place: Place, context: Context): Context {
      const inner = context.clone();
      inner.createVariable("@place", place);
      return inner;
    }
    override evalExpression(node: Node, context: Context): Data | null {
      const operator = node?.operator;
      if (operator === "&&" || operator === "||") {
        const left = this.evalExpression(node.left!, context) as Wgsl.ScalarData;
        return !left.value === (operator === "&&") ? left : this.evalExpression(node.right!, context);
      }
      if (operator === "*" && node.left) return this.#product(node, context);
      const place = pointers(node) ? this.#place(node, context) : undefined;
      if (place) return operator === "*" ? place.getSubData(this, null, context) : new wgsl.PointerData(place);
      return super.evalExpression(node, context);
    }
    /** Integers wrap at 2³²; the interpreter multiplies doubles, which round above 2⁵³. */
    #product(node: Node, context: Context): Data | null {
      const a = this.evalExpression(node.left!, context)!, b = this.evalExpression(node.right!, context)!;
      const types = [a, b].map((v) => v.typeInfo.name);
      if (types.every((t) => /^[uix]32$/.test(t)) && types.some((t) => t !== "x32")) {
        const product = Math.imul((a as Wgsl.ScalarData).value, (b as Wgsl.ScalarData).value);
        return new wgsl.ScalarData(product, this.getTypeInfo(types.includes("u32") ? "u32" : "i32"));
      }
      const inner = context.clone();
      inner.createVariable("@a", a);
      inner.createVariable("@b", b);
      const by = { left: new wgsl.VariableExpr("@a"), right: new wgsl.VariableExpr("@b") };
      return super.evalExpression(altered(node, by), inner);
    }
    override _evalCallValue(node: Node, context: Context): Data | null {
      const f = context.getFunction(node.name!);
      if (f) return this.#enter(f, node, context);
      const points = /^(?:atomic|workgroupUniformLoad|arrayLength)/.test(node.name!);
      const pointed = points ? this.#place(node.args![0], context) : undefined;
      if (!pointed) return super._evalCallValue(node, context);
      if (node.name === "arrayLength")
        return new wgsl.ScalarData(Math.floor(pointed.elements), this.getTypeInfo("u32"));
      if (node.name!.startsWith("atomic")) {
        const args = [new wgsl.VariableExpr("@place"), ...node.args!.slice(1)];
        return super._evalCallValue(altered(node, { args }), this.#known(pointed, context));
      }
      this.#barrier(node);
      const value = pointed.getSubData(this, null, context);
      this.#barrier(node);
      return value;
    }
    /** A function sees its arguments and the module, not its caller's variables. */
    #enter(f: FunctionRef, node: Node, context: Context): Data | null {
      const inner = outermost.clone();
      inner.currentFunctionName = node.name!;
      f.node.args.forEach((arg, i) => {
        inner.createVariable(arg.name, this.evalExpression(node.args![i], context)!, arg);
      });
      return this._execStatements(f.node.body, inner);
    }
    #barrier(node: Node): void {
      if (passed++ < now.barriers) return;
      now.barriers++;
      now.line = node.line || line;
      throw BARRIER;
    }
    override _call(node: Node, context: Context): void {
      if (/^(?:workgroup|storage)Barrier$/.test(node.name!)) this.#barrier(node);
      else this._evalCallValue(altered(node, { cachedReturnValue: null }), context);
    }
    override _assign(node: Node, context: Context): void {
      const { variable, value } = node, place = this.#place(variable!, context);
      if (variable!.name === "_") this.evalExpression(value as Node, context);
      else if (!place) super._assign(node, context);
      else super._assign(altered(node, { variable: new wgsl.VariableExpr("@place") }), this.#known(place, context));
    }
    override _increment(node: Node, context: Context): void {
      const inner = context.clone();
      inner.createVariable("@one", new wgsl.ScalarData(1, this.getTypeInfo("i32")));
      const operator = node.operator === "++" ? "+=" : "-=";
      this._assign(altered(node, { operator, value: new wgsl.VariableExpr("@one") }), inner);
    }
    override _dispatchWorkgroup(f: unknown, id: number[], context: Context): void {
      workgroup++;
      invocations = [];
      for (const v of context.variables.values()) {
        const { value, node } = v;
        if (node?.storage === "workgroup") {
          const type = this.getTypeInfo(node.type!);
          if (type?.size) v.value = new Place(v.name, new ArrayBuffer(type.size), type); else watch.unseen(v.name);
        } else if (value instanceof wgsl.TypedData && node?.storage === "storage" && !(value instanceof Place)) {
          v.value = new Place(v.name, value.buffer, value.typeInfo);
        }
      }
      do {
        stopped = false;
        turn = 0;
        super._dispatchWorkgroup(f, id, context);
        watch.phase();
        const some = invocations.find((i) => !i.done);
        if (some && invocations.some((i) => i.done || i.line !== some.line)) watch.diverged(some.line);
      } while (stopped);
    }
    override _dispatchExec(f: unknown, context: Context): void {
      now = invocations[turn++] ??= { reads: [], writes: 0, barriers: 0, done: false, line: 0 };
      if (now.done) return;
      read = write = passed = 0;
      outermost = context.clone();
      for (const { name, value, node } of context.variables.values()) {
        if (node?.storage === "private") outermost.createVariable(name, value!.clone(), node);
      }
      try {
        super._dispatchExec(f, outermost.clone());
        now.done = true;
      } catch (e) {
        if (e !== BARRIER) throw e;
        stopped = true;
      }
    }
  }
  const exec = new Exec(wgsl.WgslParser.Parse(code));
  try { exec.dispatchWorkgroups(entry, [...grid], groups); } catch (e) {
    throw new ShaderError((e as Error).message, { line }, e);
  }
}

/** The node, but for these things of it. */
const altered = (node: Node, things: object): Node => Object.assign(Object.create(node) as Node, things);

/** Types of a vector's components, by the last letter of its type. */
const SCALARS: Readonly<Record<string, string>> = { f: "f32", h: "f16", i: "i32", u: "u32", b: "bool" };
