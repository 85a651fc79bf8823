import { formatBytes } from "../../../model/format";
import { Link } from "../../Link";
import { runUrl } from "../../router";
import { Ansi } from "../logs/ansi";
import type { ExceptionCard, PostMortemCard, RunDetail } from "../../api";
import { Copy } from "./Values";

/** What was raised, with all of its traceback. */
export function Raised({ exception, open }: { exception: ExceptionCard; open?: boolean }) {
  const where = [
    exception.cell && `cell ${exception.cell}`,
    exception.line !== null && `line ${exception.line}`,
  ].filter(Boolean);
  return (
    <div class="nbt-error">
      <p class="nbt-error-head">
        <b>{exception.type}</b>
        {exception.message && <span>: {exception.message}</span>}
      </p>
      {where.length > 0 && <p class="nbt-muted">{where.join(", ")}</p>}
      {exception.traceback && (
        <details open={open ?? false}>
          <summary>traceback</summary>
          <pre tabIndex={0}>
            <Ansi text={exception.traceback} />
          </pre>
        </details>
      )}
    </div>
  );
}

/** How a run died, as far as that is known. */
export function PostMortem({ detail, card }: { detail: RunDetail; card: PostMortemCard }) {
  const cell = detail.attempts.find(({ label }) => label === card.cell)?.cell;
  return (
    <section class="nbt-box nbt-death" aria-label="post-mortem">
      <h2>
        Post-mortem <span class="nbt-badge">{card.certainty}</span>
      </h2>
      <p class="nbt-death-cause">{card.cause}</p>
      {card.cell && (
        <p>
          in{" "}
          {cell ? (
            <Link href={`${runUrl(detail.store, detail.id, "cells")}?cell=${cell}`}>
              cell {card.cell}
            </Link>
          ) : (
            `cell ${card.cell}`
          )}
          {card.line !== null && `, line ${card.line}`}
          {card.source && <code class="nbt-code"> {card.source}</code>}
        </p>
      )}
      {card.memory.length > 1 && <Memory card={card} />}
      {card.output && (
        <details open>
          <summary>last output</summary>
          <pre tabIndex={0}>
            <Ansi text={card.output} />
          </pre>
        </details>
      )}
      {card.stack && (
        <details>
          <summary>stack</summary>
          <pre tabIndex={0}>{card.stack}</pre>
        </details>
      )}
      {card.look_up && (
        <p class="nbt-muted">
          more says <code class="nbt-code">{card.look_up}</code>
          <Copy text={card.look_up} of="the command" />
        </p>
      )}
    </section>
  );
}

const WIDTH = 400;
const HEIGHT = 60;
const NEAR = 0.15;

function Memory({ card }: { card: PostMortemCard }) {
  const { memory, memory_limit_bytes: limit } = card;
  const most = Math.max(...memory);
  // A limit that is far away would leave nothing to see of what was used.
  const near = limit !== null && most > NEAR * limit;
  const top = near ? 1.05 * Math.max(limit, most) : 1.25 * most;
  const y = (value: number) => HEIGHT - (HEIGHT * value) / (top || 1);
  const path = memory
    .map(
      (value, at) => `L${((WIDTH * at) / (memory.length - 1)).toFixed(1)} ${y(value).toFixed(1)}`,
    )
    .join("");
  const last = card.memory_bytes ?? memory.at(-1) ?? 0;
  const text = `memory at the end: ${formatBytes(last, limit ?? 0)}`;
  return (
    <figure class="nbt-death-memory" aria-label={text}>
      <figcaption class="nbt-muted">{text}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <path class="nbt-area" d={`M0 ${HEIGHT}${path}L${WIDTH} ${HEIGHT}Z`} />
        {near && <path class="nbt-limit" d={`M0 ${y(limit)}H${WIDTH}`} />}
      </svg>
    </figure>
  );
}
