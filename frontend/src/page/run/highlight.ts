import hljs from "highlight.js/lib/core";
import python from "highlight.js/lib/languages/python";

hljs.registerLanguage("python", python);

/** A piece of a source, and what it is: `keyword`, `string`. */
export interface Piece {
  text: string;
  kind: string;
}

/** What is longer is shown as it is. */
const MOST = 100_000;

/** Python as pieces, one list for each line. */
export function highlight(source: string): Piece[][] {
  const lines: Piece[][] = [[]];
  const add = (text: string, kind: string) => {
    text.split("\n").forEach((part, at) => {
      if (at) lines.push([]);
      if (part) lines.at(-1)?.push({ text: part, kind });
    });
  };
  if (source.length > MOST) {
    add(source, "");
    return lines;
  }
  const { value } = hljs.highlight(source, { language: "python", ignoreIllegals: true });
  // The library gives escaped markup. It is taken apart in a document that shows and runs nothing.
  const walk = (node: Node, kind: string) => {
    for (const child of node.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) add(child.textContent ?? "", kind);
      else walk(child, (child as Element).className.replace(/^hljs-/, "").split(" ")[0] ?? kind);
    }
  };
  walk(new DOMParser().parseFromString(`<div>${value}</div>`, "text/html").body, "");
  return lines;
}
