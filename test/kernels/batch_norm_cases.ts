// The batches that batch normalisation is tested with, and how its kernels divide them.
export const control = {
  M: 40, C: 3, rows: 9, splits: 5, span: 16, columns_log2: 2, eps: 1e-5, momentum: 0.1, WIDTH: 1, WORKGROUP: 64,
};
export const cases: Record<string, Partial<typeof control> & { shift?: number }> = {
  "control": {},
  "one split": { rows: 40, splits: 1, span: 40 },
  "one channel": { C: 1 },
  "more channels than a workgroup": { C: 70, M: 6, rows: 2, splits: 3, span: 5 },
  "two rows": { M: 2, rows: 1, splits: 2, span: 1 },
  "a mean a thousand times the deviation": { shift: 1000, M: 64, rows: 16, splits: 4 },
  "another momentum and eps": { momentum: 0.3, eps: 1e-3 },
  "four channels an invocation": { C: 20, WIDTH: 4 },
  "two columns a workgroup, more lanes than rows": { C: 3, M: 23, rows: 9, splits: 3, columns_log2: 1 },
  "two columns a workgroup, four channels an invocation": {
    C: 12, WIDTH: 4, M: 100, rows: 40, splits: 3, span: 50, columns_log2: 1,
  },
  "256 lanes, as on GPUs": { C: 20, WIDTH: 4, M: 300, rows: 100, splits: 3, span: 128, WORKGROUP: 256 },
  "256 lanes, more than rows": { M: 23, rows: 9, splits: 3, WORKGROUP: 256 },
  "four channels an invocation, many rows": { C: 4, WIDTH: 4, M: 1000, rows: 128, splits: 8, span: 300 },
  "four channels, a mean a thousand times the deviation": { C: 4, WIDTH: 4, shift: 1000, M: 64, rows: 16, splits: 4 },
};
