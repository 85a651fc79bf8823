import { useMemo } from "preact/hooks";

import { highlight } from "./highlight";

interface Props {
  text: string;
  language: "python" | null;
  numbers?: boolean;
  /** A line to point out, from 1. */
  mark?: number | null;
}

/** A text of code. */
export function Source({ text, language, numbers, mark }: Props) {
  const lines = useMemo(() => {
    // The end of the last line begins no other.
    const whole = text.replace(/\n$/, "");
    if (language === "python") return highlight(whole);
    return whole.split("\n").map((line) => [{ text: line, kind: "" }]);
  }, [text, language]);
  return (
    <pre class={`nbt-source${numbers ? " nbt-numbered" : ""}`} tabIndex={0}>
      {lines.map((pieces, at) => (
        <span key={at} class={mark === at + 1 ? "nbt-line nbt-line-marked" : "nbt-line"}>
          {pieces.map((piece, index) =>
            piece.kind ? (
              <span key={index} class={`nbt-hl-${piece.kind}`}>
                {piece.text}
              </span>
            ) : (
              piece.text
            ),
          )}
          {"\n"}
        </span>
      ))}
    </pre>
  );
}
