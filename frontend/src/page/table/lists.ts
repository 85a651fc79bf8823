/** Lists of names in one value of an address: `name,config.lr`; what stands for itself is escaped. */
export function writeList(names: readonly string[]): string {
  return names.map((name) => name.replace(/[\\,]/g, "\\$&")).join(",");
}

export function readList(text: string | null): string[] {
  if (!text) return [];
  return [...text.matchAll(/(?:\\.|[^\\,])+/gs)].map(([name]) => name.replace(/\\(.)/gs, "$1"));
}
