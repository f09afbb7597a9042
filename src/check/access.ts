/** One access of memory that invocations share. */
export interface Access {
  readonly variable: string; readonly byte: number; readonly size: number;
  readonly kind: "read" | "write"; readonly atomic: boolean;
  readonly line: number; readonly workgroup: number; readonly invocation: number;
}

/** Who hears of all accesses of a dispatch. */
export interface Watch {
  /** An access, in some order within its phase. */
  access(a: Access): void;
  /** The workgroup has passed a barrier, or has ended. */
  phase(): void;
  /** Not all invocations of a workgroup came to the barrier. */
  diverged(line: number): void;
  /** An access behind the end, or before the beginning. */
  outside(a: Access, elements: number, index: number): void;
  /** A variable of the workgroup whose accesses cannot be seen. */
  unseen(variable: string): void;
}
