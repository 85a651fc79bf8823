import { StateIcon } from "../../components/StateIcon";
import { Link } from "../Link";
import { runUrl } from "../router";
import { ago, exactly } from "../table/format";
import { now } from "../table/useNow";
import type { Comparison } from "./comparison";

/** The runs: what colour each has, which are drawn, and the way to each. */
export function RunList({ comparison }: { comparison: Comparison }) {
  const runs = comparison.runs.value;
  const hidden = comparison.hidden.value;
  return (
    <aside class="nbt-compared" aria-label="runs that are compared">
      <div class="nbt-compared-head">
        <b>{runs.length} runs</b>
        <span class="nbt-space" />
        <button type="button" disabled={!hidden.size} onClick={() => comparison.hide([])}>
          show all
        </button>
        <button
          type="button"
          disabled={hidden.size >= runs.length}
          onClick={() => comparison.hide(runs.map(({ id }) => id))}
        >
          none
        </button>
      </div>
      <ul onPointerLeave={() => (comparison.pointed.value = null)}>
        {runs.map((run) => (
          <li
            key={run.id}
            class={hidden.has(run.id) ? "nbt-out" : undefined}
            onPointerEnter={() => (comparison.pointed.value = run.id)}
            onFocusIn={() => (comparison.pointed.value = run.id)}
            onFocusOut={() => (comparison.pointed.value = null)}
          >
            <button
              type="button"
              class="nbt-toggle"
              aria-pressed={!hidden.has(run.id)}
              aria-label={`draw ${run.name}`}
              title={hidden.has(run.id) ? "draw it" : "do not draw it"}
              onClick={() => comparison.toggle(run.id)}
            >
              <i class="nbt-swatch" data-line={comparison.colourOf(run.id)} />
            </button>
            <span class={`nbt-is-${run.state}`} title={run.state}>
              <StateIcon state={run.state} />
            </span>
            <Link
              href={runUrl(comparison.store.value, run.id)}
              class="nbt-cut"
              title={`${run.name}\n${run.state}, started ${exactly(run.started)}${run.tags.length ? `\n${run.tags.join(", ")}` : ""}`}
            >
              {run.name || run.id}
            </Link>
            <span class="nbt-muted nbt-number">{ago(run.started, now.value)}</span>
            <button
              type="button"
              class="nbt-quiet"
              aria-label={`take ${run.name} out`}
              title="take it out"
              onClick={() => comparison.remove(run.id)}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      {comparison.missing.value.length > 0 && (
        <p class="nbt-muted">
          {comparison.missing.value.length} more cannot be read, or are there no more
        </p>
      )}
    </aside>
  );
}
