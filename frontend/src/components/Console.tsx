/** The last lines that the cell printed. */
export function Console({ lines }: { lines: string[] }) {
  return (
    <details class="nbt-console">
      <summary>
        console <span class="nbt-muted nbt-cut">{lines.at(-1)}</span>
      </summary>
      <pre tabIndex={0}>{lines.join("\n")}</pre>
    </details>
  );
}
