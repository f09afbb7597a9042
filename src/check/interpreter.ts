import type * as Wgsl from "wgsl_reflect/wgsl_reflect.module.js";
import type { Context, Data, Postfix, Statement } from "wgsl_reflect/wgsl_reflect.module.js";

/** One access of memory that invocations share. */
export interface Access { readonly variable: string; readonly byte: number; readonly size: number; readonly kind: "read" | "write"; readonly atomic: boolean; readonly line: number; readonly workgroup: number; readonly invocation: number }

export interface Watch {
  /** An access, in some order within its phase. */
  access(a: Access): void;
  /** The workgroup has passed a barrier, or has ended. */
  phase(): void;
  /** Not all invocations of a workgroup came to the barrier. */
  diverged(line: number): void;
  /** An access behind the end, or before the beginning. */
  outside(a: Access, elements: number, index: number): void;
}

/** Thrown to leave an invocation at a barrier. */
const BARRIER = Symbol("barrier");

interface Invocation { readonly reads: Data[]; writes: number; barriers: number; done: boolean; line: number }

/**
 * wgsl_reflect's interpreter, which runs a whole invocation after the other, made to stop at barriers: an invocation that comes to one is left, and
 * when all of its workgroup have come there, each begins anew, with what it has read so far read again from a log and what it has written not
 * written again, and goes on behind the barrier. So every access falls into one phase between two barriers, and a watch sees all of them.
 */
export function interpret(wgsl: typeof Wgsl, code: string, entry: string, grid: readonly number[], groups: Record<number, Record<number, unknown>>, watch: Watch): void {
  let workgroup = -1, turn = 0, line = 0, stopped = false, quiet = false, invocations: Invocation[] = [], now: Invocation, read = 0, write = 0, passed = 0;

  class Watched extends wgsl.TypedData {
    constructor(readonly name: string, of: Wgsl.TypedData | { buffer: ArrayBuffer; typeInfo: Wgsl.TypeInfo }) { super(of.buffer, of.typeInfo); }

    /** The bytes that [index].member … names. */
    #range(exec: Wgsl.WgslExec, postfix: Postfix | null, context: Context) {
      let offset = 0, type: Wgsl.TypeInfo | undefined = this.typeInfo, index = 0;
      for (let p = postfix; p; p = p.postfix ?? null) {
        if (p.index !== undefined) {
          const at = Number((exec.evalExpression(p.index, context) as Wgsl.ScalarData).value), stride: number = type?.isArray ? type.stride! : 4;
          if (p === postfix) index = at;
          offset += at * stride;
          type = type?.isArray ? type.format : undefined;
        } else {
          const member = type?.members?.find(({ name }) => name === p.value), component = "xyzw".indexOf(p.value!) >= 0 ? "xyzw".indexOf(p.value!) : "rgba".indexOf(p.value!);
          if (member) { offset += member.offset; type = member.type; } else if (component >= 0) { offset += 4 * component; type = undefined; } else break;
        }
      }
      const size = type ? type.size : 4, stride = this.typeInfo.isArray ? this.typeInfo.stride! : this.typeInfo.size;
      return { offset, size, index, atomic: type?.name === "atomic", elements: this.buffer.byteLength / stride };
    }
    /** Tells the watch; whether the place exists. */
    #tell(kind: "read" | "write", { offset, size, index, atomic, elements }: { offset: number; size: number; index: number; atomic: boolean; elements: number }): boolean {
      const a: Access = { variable: this.name, byte: offset, size, kind, atomic, line, workgroup, invocation: turn - 1 };
      if (offset >= 0 && offset + size <= this.buffer.byteLength) { watch.access(a); return true; }
      watch.outside(a, elements, index);
      return false;
    }
    override getSubData(exec: Wgsl.WgslExec, postfix: Postfix | null, context: Context): Data | null {
      if (!postfix || quiet) return super.getSubData(exec, postfix, context);
      const range = this.#range(exec, postfix, context);
      if (read < now.reads.length) return now.reads[read++].clone();
      const inside = this.#tell("read", range), from: Wgsl.TypedData = inside ? this : new wgsl.TypedData(new ArrayBuffer(this.buffer.byteLength + range.offset + range.size), this.typeInfo);
      quiet = true;
      const value = inside || range.offset >= 0 ? from.getSubData(exec, postfix, context)!.clone() : new wgsl.TypedData(new ArrayBuffer(range.size), this.typeInfo.format ?? this.typeInfo);
      quiet = false;
      now.reads.push(value);
      read++;
      return value.clone();
    }
    override setDataValue(exec: Wgsl.WgslExec, value: Data, postfix: Postfix | null, context: Context): void {
      const range = this.#range(exec, postfix, context);
      if (write++ < now.writes) return;
      now.writes++;
      if (!this.#tell("write", range)) return;
      quiet = true;
      super.setDataValue(exec, value, postfix, context);
      quiet = false;
    }
  }

  class Exec extends wgsl.WgslExec {
    override execStatement(statement: Statement, context: Context): Data | null {
      const outer = line;
      line = statement.line;
      const result = super.execStatement(statement, context);
      line = outer;  // a call within an index leaves it as it was
      return result;
    }
    override _call(node: Statement, context: Context): void {
      if (!/^(workgroup|storage)Barrier$/.test(node.name)) return super._call(node, context);
      if (passed++ < now.barriers) return;
      now.barriers++;
      now.line = node.line;
      throw BARRIER;
    }
    override _dispatchWorkgroup(f: unknown, id: number[], context: Context): void {
      workgroup++;
      invocations = [];
      for (const v of context.variables.values()) {
        const { value, node } = v;
        if (value instanceof wgsl.TypedData && node?.storage === "workgroup") v.value = new Watched(v.name, { buffer: new ArrayBuffer(value.typeInfo.size), typeInfo: value.typeInfo });
        else if (value instanceof wgsl.TypedData && node?.storage === "storage" && !(value instanceof Watched)) v.value = new Watched(v.name, value);
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
      try {
        super._dispatchExec(f, context.clone());
        now.done = true;
      } catch (e) {
        if (e !== BARRIER) throw e;
        stopped = true;
      }
    }
  }
  new Exec(wgsl.WgslParser.Parse(code)).dispatchWorkgroups(entry, [...grid], groups);
}
