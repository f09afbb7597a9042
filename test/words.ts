/** The words and signs of a shader, but for comments and the comma behind a last item: what bundles must keep. */
export const words = (code: string): readonly string[] =>
  code.replace(/\/\/(?! baked$).*$/gm, "").replace(/,(?=\s*[)}])/g, "").match(/\w+|[^\w\s]/g) ?? [];
