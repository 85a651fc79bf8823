import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import type { TableColumn, TablePage } from "../../api";
import { ApiError, get } from "../../client";
import { Problem } from "../../Problem";
import { useLines } from "../../table/useLines";
import { useTyped } from "../../table/useTyped";
import { textOf } from "../overview/flatten";
import type { RunState } from "../state";
import { captionOf, cellMedia, fileUrl, type CellMedia } from "./media";
import { BLOCK, Blocks, type Asked } from "./rows";

const PICTURE_ROW = 84;
const ROW = 30;
const HEAD = 34;
/** Lines that are seen at once. */
const LINES = 12;

interface Props {
  state: RunState;
  title: string;
  file: string;
}

/** The rows of a table: only those in sight come, in any order, and can be searched. */
export function TableItem({ state, title, file }: Props) {
  const [asked, setAsked] = useState<Asked>({ sort: -1, descending: false, search: "" });
  const [head, setHead] = useState<TablePage | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [tries, setTries] = useState(0);
  const [text, type, finish] = useTyped(asked.search, (search) => setAsked({ ...asked, search }));
  const path = `${state.path}/media/tables/${file}`;
  const blocks = useMemo(
    () =>
      new Blocks(
        (offset, abort) => get<TablePage>(path, { ...asked, offset, limit: BLOCK }, abort),
        (page) => {
          setError(null);
          setHead(page);
        },
        (problem) =>
          setError(problem instanceof ApiError ? problem : new ApiError(0, String(problem))),
      ),
    [path, asked, tries],
  );
  useEffect(() => {
    blocks.want(0, 0);
    return () => blocks.stop();
  }, [blocks]);
  // Lines stay as high as they were once: what they hold comes and goes with the order.
  const pictures = useRef(false);
  pictures.current ||=
    head?.rows.some((row) => row.some((value) => cellMedia(value)?.kind === "image")) ?? false;
  if (error) return <Problem error={error} again={() => setTries(tries + 1)} />;
  if (!head) return <div class="nbt-media-room" aria-busy="true" />;
  const sort = (at: number) => {
    const turned = asked.sort === at && asked.descending;
    setAsked({ ...asked, sort: turned ? -1 : at, descending: asked.sort === at && !turned });
  };
  return (
    <div class="nbt-rows-item">
      <div class="nbt-media-bar">
        <span class="nbt-muted nbt-number">
          {head.matched !== head.total && `${head.matched.toLocaleString()} of `}
          {head.total.toLocaleString()} {head.total === 1 ? "row" : "rows"}
        </span>
        <input
          type="search"
          class="nbt-search"
          placeholder="search rows"
          aria-label={`search rows of ${title}`}
          value={text}
          onInput={({ currentTarget }) => type(currentTarget.value)}
          onBlur={finish}
        />
        <a class="nbt-button" href={fileUrl(state, file, { download: 1 })} download={file}>
          Parquet
        </a>
      </div>
      <Lines
        key={String(pictures.current)}
        state={state}
        title={title}
        head={head}
        blocks={blocks}
        asked={asked}
        sort={sort}
        pictures={pictures.current}
      />
    </div>
  );
}

interface LinesProps {
  state: RunState;
  title: string;
  head: TablePage;
  blocks: Blocks;
  asked: Asked;
  sort: (at: number) => void;
  pictures: boolean;
}

function Lines({ state, title, head, blocks, asked, sort, pictures }: LinesProps) {
  const host = useRef<HTMLDivElement>(null);
  const height = pictures ? PICTURE_ROW : ROW;
  const lines = useLines(head.matched, host, height);
  const items = lines.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => {
    if (head.matched) blocks.want(first, last);
  }, [blocks, first, last, head.matched]);
  const tracks = head.columns.map((column) => widthOf(column, head)).join(" ");
  const room = Math.min(head.matched, pictures ? 5 : LINES) * height + HEAD + 2;
  return (
    <div
      ref={host}
      class="nbt-logged"
      role="grid"
      tabIndex={0}
      aria-label={title}
      aria-rowcount={head.matched + 1}
      aria-colcount={head.columns.length}
      style={{ "--nbt-tracks": tracks, height: `${room}px` }}
    >
      <div role="row" aria-rowindex={1} class="nbt-logged-row nbt-logged-heads">
        {head.columns.map((column, at) => (
          <div
            key={at}
            role="columnheader"
            class={column.kind === "number" ? "nbt-right" : undefined}
            aria-sort={asked.sort !== at ? "none" : asked.descending ? "descending" : "ascending"}
          >
            <button type="button" class="nbt-quiet" title={column.name} onClick={() => sort(at)}>
              <span class="nbt-cut">{column.name}</span>
              <span aria-hidden="true">
                {asked.sort === at ? (asked.descending ? "▾" : "▴") : ""}
              </span>
            </button>
          </div>
        ))}
      </div>
      <div role="rowgroup" class="nbt-logged-rows" style={{ height: `${head.matched * height}px` }}>
        {items.map(({ index, start }) => (
          <div
            key={index}
            role="row"
            aria-rowindex={index + 2}
            class="nbt-logged-row"
            style={{ top: `${start - HEAD}px`, height: `${height}px` }}
          >
            {head.columns.map((column, at) => (
              <div
                key={at}
                role="gridcell"
                class={column.kind === "number" ? "nbt-number nbt-right" : undefined}
              >
                <Cell state={state} value={blocks.at(index)?.[at]} />
              </div>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Room for a column, by what stands in the rows that came first. */
function widthOf(column: TableColumn, { columns, rows }: TablePage): string {
  const at = columns.indexOf(column);
  const lengths = rows.slice(0, 50).map((row) => (cellMedia(row[at]) ? 14 : textOf(row[at]).length));
  const longest = Math.max(column.name.length + 2, ...lengths);
  return `minmax(${Math.min(44, Math.max(6, longest)) * 7.5 + 20}px, 1fr)`;
}

function Cell({ state, value }: { state: RunState; value: unknown }) {
  const media = cellMedia(value);
  if (media) return <MediaCell state={state} media={media} />;
  const text = value === null ? "" : textOf(value);
  return (
    <span class="nbt-cut" title={text.length > 20 ? text : undefined}>
      {text}
    </span>
  );
}

function MediaCell({ state, media }: { state: RunState; media: CellMedia }) {
  const { kind, file } = media;
  const caption = captionOf(media);
  if (file === null) return <span class="nbt-muted">{kind}</span>;
  if (kind === "image") {
    return (
      <a href={fileUrl(state, file)} target="_blank" rel="noreferrer" title={caption || "open"}>
        <img class="nbt-pixels" loading="lazy" src={fileUrl(state, file)} alt={caption || kind} />
      </a>
    );
  }
  if (kind === "audio") {
    return <audio controls preload="none" src={fileUrl(state, file)} aria-label={caption || kind} />;
  }
  return <a href={fileUrl(state, file, { download: 1 })}>{caption || kind}</a>;
}
