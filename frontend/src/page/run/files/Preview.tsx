import { formatBytes } from "../../../model/format";
import type { FileEntry } from "../../api";
import { ask } from "../../client";
import { Problem } from "../../Problem";
import { useLoaded } from "../../useLoaded";
import { dateTime } from "../overview/Facts";
import { Source } from "../Source";
import { NotebookPreview } from "./NotebookPreview";
import { prettyJson } from "./json";

/** More of a file is not shown: a browser would be slow with it. */
const MOST = 1 << 20;
/** A picture or a film of more is for a program of its own. */
const MOST_MEDIA = 1 << 28;

interface Props {
  /** When it was changed is not known of everything. */
  file: Pick<FileEntry, "path" | "size" | "kind"> & { modified?: number };
  /** Where its bytes are. */
  url: (query?: { download: 1 }) => string;
}

/** A file as one can look at it in a page. */
export function Preview({ file, url }: Props) {
  const name = file.path.split("/").at(-1) ?? file.path;
  return (
    <>
      <div class="nbt-preview-head">
        <strong class="nbt-cut" title={file.path}>
          {name}
        </strong>
        <span class="nbt-muted nbt-number">
          {formatBytes(file.size)}
          {file.modified !== undefined && ` · ${dateTime(file.modified)}`}
        </span>
        <a
          class="nbt-button"
          href={url({ download: 1 })}
          download={name}
        >
          download
        </a>
      </div>
      <Content file={file} url={url} />
    </>
  );
}

function Content({ file, url: urlOf }: Props) {
  const url = urlOf();
  const tooLarge = file.size > MOST_MEDIA;
  if (file.kind === "binary")
    return <p class="nbt-empty nbt-muted">This is no text; download it to open it.</p>;
  if (tooLarge)
    return <p class="nbt-empty nbt-muted">This is too large to be shown here; download it.</p>;
  if (file.kind === "image") return <img class="nbt-image" src={url} alt={file.path} />;
  if (file.kind === "audio") return <audio controls preload="metadata" src={url} />;
  if (file.kind === "video")
    return <video class="nbt-image" controls preload="metadata" src={url} />;
  return <Text file={file} url={urlOf} />;
}

function Text({ file, url }: Props) {
  const loaded = useLoaded(`${url()} ${file.modified}`, async (abort) => {
    const response = await ask("GET", url(), undefined, abort);
    return firstOf(response, file.kind === "notebook" ? 16 * MOST : MOST);
  });
  if (loaded.error) return <Problem error={loaded.error} again={loaded.again} />;
  if (!loaded.value) return <p class="nbt-hint">loading …</p>;
  const { text, cut } = loaded.value;
  return (
    <>
      {cut && <p class="nbt-warn">only the beginning is shown; download it for all</p>}
      {file.kind === "html" ? (
        // Without any right: no scripts, no forms, nothing of this page.
        <iframe class="nbt-frame" sandbox="" srcdoc={text} title={file.path} />
      ) : file.kind === "diff" ? (
        <Diff text={text} />
      ) : file.kind === "notebook" && !cut ? (
        <NotebookPreview text={text} />
      ) : (
        <Source
          text={!cut && file.path.endsWith(".json") ? prettyJson(text) : text}
          language={/\.pyi?$/.test(file.path) ? "python" : null}
          numbers
        />
      )}
    </>
  );
}

/** The beginning of an answer, without fetching the rest. */
async function firstOf(response: Response, most: number): Promise<{ text: string; cut: boolean }> {
  const reader = response.body?.getReader();
  if (!reader) return { text: "", cut: false };
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { text: text + decoder.decode(), cut: false };
    size += value.length;
    text += decoder.decode(value, { stream: true });
    if (size <= most) continue;
    void reader.cancel();
    return { text: text.slice(0, most), cut: true };
  }
}

const KINDS: [RegExp, string][] = [
  [/^(diff|index|---|\+\+\+|new file|deleted file|rename|similarity)/, "head"],
  [/^@@/, "place"],
  [/^\+/, "added"],
  [/^-/, "removed"],
];

/** Changes in colours, with their signs for those who do not see them. */
export function Diff({ text }: { text: string }) {
  const lines = text.replace(/\n$/, "").split("\n");
  return (
    <pre class="nbt-source nbt-diff" tabIndex={0}>
      {lines.map((line, at) => {
        const kind = KINDS.find(([pattern]) => pattern.test(line))?.[1] ?? "same";
        return (
          <span key={at} class={`nbt-diff-${kind}`}>
            {line || " "}
            {"\n"}
          </span>
        );
      })}
    </pre>
  );
}
