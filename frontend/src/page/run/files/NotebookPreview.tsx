import { Ansi } from "../logs/ansi";
import { Source } from "../Source";

interface NotebookCell {
  cell_type?: unknown;
  source?: unknown;
  execution_count?: unknown;
  outputs?: unknown;
}

interface Output {
  output_type?: string;
  name?: string;
  text?: unknown;
  data?: Record<string, unknown>;
  traceback?: unknown;
}

const PICTURES = ["image/png", "image/jpeg", "image/gif"];

const textOf = (value: unknown) =>
  Array.isArray(value) ? value.join("") : typeof value === "string" ? value : "";

/** A notebook's cells in plain form: sources, texts and pictures, nothing that runs. */
export function NotebookPreview({ text }: { text: string }) {
  const cells = cellsOf(text);
  if (!cells) return <Source text={text} language={null} numbers />;
  return (
    <div class="nbt-notebook">
      {cells.map((cell, at) => {
        const source = textOf(cell.source);
        if (cell.cell_type !== "code") {
          return (
            <p key={at} class="nbt-prose nbt-nb-text">
              {source}
            </p>
          );
        }
        const outputs = Array.isArray(cell.outputs) ? (cell.outputs as Output[]) : [];
        return (
          <div key={at} class="nbt-nb-cell">
            <span class="nbt-muted nbt-number">
              [{textOf(String(cell.execution_count ?? " "))}]
            </span>
            <div>
              <Source text={source} language="python" />
              {outputs.map((output, index) => (
                <Shown key={index} output={output} />
              ))}
            </div>
          </div>
        );
      })}
    </div>
  );
}

function cellsOf(text: string): NotebookCell[] | null {
  try {
    const { cells } = JSON.parse(text) as { cells?: unknown };
    return Array.isArray(cells) ? (cells as NotebookCell[]) : null;
  } catch {
    return null;
  }
}

function Shown({ output }: { output: Output }) {
  const picture = PICTURES.find((kind) => output.data?.[kind]);
  if (picture) {
    const data = textOf(output.data?.[picture]).replace(/\s/g, "");
    return <img class="nbt-image" alt="output" src={`data:${picture};base64,${data}`} />;
  }
  const text = Array.isArray(output.traceback)
    ? output.traceback.join("\n")
    : textOf(output.text) || textOf(output.data?.["text/plain"]);
  if (!text) return null;
  const bad = output.output_type === "error" || output.name === "stderr";
  return (
    <pre class={bad ? "nbt-nb-bad" : undefined} tabIndex={0}>
      <Ansi text={text} />
    </pre>
  );
}
