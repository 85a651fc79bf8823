import type { MediaEntry } from "../../api";
import type { RunState } from "../state";
import { ChartItem } from "./ChartItem";
import { chartOf } from "./chart";
import { captionOf, fileUrl, frameUrl } from "./media";
import { TableItem } from "./TableItem";

interface Props {
  state: RunState;
  title: string;
  entry: MediaEntry;
}

/** One thing that is neither an image nor a histogram. */
export function Item({ state, title, entry }: Props) {
  const caption = captionOf(entry);
  return (
    <figure class="nbt-item">
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
    return /\.gif$/.test(file) ? (
      <img class="nbt-image" loading="lazy" src={url} alt={title} />
    ) : (
      <video class="nbt-image" controls preload="metadata" src={url} aria-label={title} />
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
  if (entry.frame) return <Framed state={state} title={title} file={file} />;
  return (
    <p>
      <a href={fileUrl(state, file, { download: 1 })} download={file}>
        download
      </a>
    </p>
  );
}

/** HTML and figures that draw themselves: their scripts reach nothing of this page. */
function Framed({ state, title, file }: { state: RunState; title: string; file: string }) {
  return (
    <>
      <iframe
        class="nbt-frame nbt-media-frame"
        sandbox="allow-scripts"
        loading="lazy"
        src={frameUrl(state, file)}
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
