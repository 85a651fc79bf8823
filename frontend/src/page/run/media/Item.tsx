import type { MediaEntry } from "../../api";
import { ask } from "../../client";
import { Problem } from "../../Problem";
import { theme } from "../../theme";
import { useLoaded } from "../../useLoaded";
import type { RunState } from "../state";
import { ChartItem } from "./ChartItem";
import { chartOf } from "./chart";
import { captionOf, fileUrl, frameUrl } from "./media";
import { TableItem } from "./TableItem";

/** Bytes of a long text that are shown. */
const MOST_TEXT = 1 << 18;

interface Props {
  state: RunState;
  title: string;
  entry: MediaEntry;
}

/** One thing that is neither an image nor a histogram. */
export function Item({ state, title, entry }: Props) {
  const caption = captionOf(entry);
  return (
    <figure class="nbt-thing">
      <Shown state={state} title={caption || title} entry={entry} />
      {caption && <figcaption class="nbt-caption">{caption}</figcaption>}
    </figure>
  );
}

function Shown({ state, title, entry }: Props) {
  const { kind, file, info } = entry;
  if (file === null) {
    return kind === "text" && typeof info.text === "string" ? (
      <p class="nbt-prose nbt-media-text" tabIndex={0}>
        {info.text}
      </p>
    ) : (
      <p class="nbt-muted">this cannot be shown</p>
    );
  }
  const url = fileUrl(state, file);
  if (kind === "audio") {
    return (
      <>
        <audio controls preload="none" src={url} aria-label={title} />
        {typeof info.seconds === "number" && (
          <span class="nbt-muted nbt-number">{info.seconds.toFixed(1)} s</span>
        )}
      </>
    );
  }
  if (kind === "video") {
    return /\.(gif|webp)$/.test(file) ? (
      <img class="nbt-film" loading="lazy" src={url} alt={title} />
    ) : (
      <video class="nbt-film" controls preload="metadata" src={url} aria-label={title} />
    );
  }
  if (kind === "table") {
    const chart = chartOf(info.chart);
    return chart ? (
      <ChartItem state={state} title={title} file={file} chart={chart} />
    ) : (
      <TableItem state={state} title={title} file={file} />
    );
  }
  if (/\.(png|svg|jpe?g|webp)$/.test(file)) {
    return <img class="nbt-image" loading="lazy" src={url} alt={title} />;
  }
  if (entry.frame) {
    const follows = info.source === "altair";
    return <Framed state={state} title={title} file={file} follows={follows} />;
  }
  if (kind === "text") return <LongText state={state} title={title} file={file} />;
  return (
    <p class="nbt-muted">
      {kind === "figure" && `A figure of ${String(info.source)}. `}
      {info.source === "plotly" && "It is drawn here if plotly is installed beside the server. "}
      <a href={fileUrl(state, file, { download: 1 })} download={file}>
        download {kind === "figure" ? "its JSON" : ""}
      </a>
    </p>
  );
}

/** Of a text that was too long for its record, what a page can show. */
function LongText({ state, title, file }: { state: RunState; title: string; file: string }) {
  const { value, error, again } = useLoaded(`${state.path} ${file}`, async (abort) => {
    const headers = { Range: `bytes=0-${MOST_TEXT}` };
    return (await ask("GET", fileUrl(state, file), undefined, abort, headers)).text();
  });
  if (error) return <Problem error={error} again={again} />;
  return (
    <>
      <p class="nbt-prose nbt-media-text" tabIndex={0} aria-label={title}>
        {value}
      </p>
      <p class="nbt-media-more">
        <a href={fileUrl(state, file, { download: 1 })} download={file}>
          download
        </a>
      </p>
    </>
  );
}

interface FramedProps {
  state: RunState;
  title: string;
  file: string;
  /** It is drawn in the page's colours. */
  follows: boolean;
}

/** HTML and figures that draw themselves: their scripts reach nothing of this page. */
function Framed({ state, title, file, follows }: FramedProps) {
  return (
    <>
      <iframe
        class={`nbt-frame nbt-media-frame${follows ? " nbt-follows" : ""}`}
        sandbox="allow-scripts"
        loading="lazy"
        src={frameUrl(state, file, follows ? theme.value : "auto")}
        title={title}
      />
      <p class="nbt-media-more">
        <a href={fileUrl(state, file, { download: 1 })} download={file}>
          download
        </a>
      </p>
    </>
  );
}
