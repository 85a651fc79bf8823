import { dsvFormat } from "d3-dsv";
// @ts-expect-error  Its types do not know the function.
import { formats } from "vega";

interface Format {
  delimiter?: string;
  header?: string[];
}

type Table = Record<string, string>[] & { columns: string[] };

/** Lines of values as objects. Vega's own way to them compiles code, which is not allowed here. */
export function rowsOf(text: string, delimiter: string, header?: readonly string[]): Table {
  const lines = dsvFormat(delimiter).parseRows(text);
  const columns = [...(header ?? lines.shift() ?? [])];
  const rows = lines.map(
    (line) => Object.fromEntries(columns.map((name, at) => [name, line[at] ?? ""])),
  );
  return Object.assign(rows, { columns });
}

/** Has Vega read values between commas, tabs and other signs so. */
export function readWithoutCode(): void {
  const reader = (delimiter?: string) =>
    Object.assign(
      (text: unknown, format: Format = {}) =>
        rowsOf(String(text), delimiter ?? format.delimiter ?? ",", format.header),
      { responseType: "text" },
    );
  const add = formats as (name: string, read: unknown) => void;
  add("csv", reader(","));
  add("tsv", reader("\t"));
  add("dsv", reader());
}
