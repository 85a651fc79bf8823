import { formatDuration, formatNumber } from "../model/format";
import type { Progress } from "../wire";

export function ProgressBar({ progress }: { progress: Progress }) {
  const { label, done, total, rate } = progress;
  const part = total ? Math.min(1, done / total) : null;
  const words: string[] = [total ? `${count(done)} / ${count(total)}` : count(done)];
  if (rate) words.push(`${formatNumber(rate, 3)}/s`);
  if (rate && total && done < total) words.push(`${formatDuration((total - done) / rate)} left`);
  return (
    <div class="nbt-progress">
      <span class="nbt-cut" title={label}>
        {label || "progress"}
        {part !== null && <b> {Math.floor(part * 100)} %</b>}
      </span>
      <div
        class={part === null ? "nbt-bar nbt-bar-open" : "nbt-bar"}
        role="progressbar"
        aria-label={label || "progress"}
        aria-valuemin={0}
        aria-valuemax={total ?? undefined}
        aria-valuenow={done}
      >
        <div style={{ width: part === null ? "100%" : `${part * 100}%` }} />
      </div>
      <span class="nbt-muted nbt-number">{words.join(" · ")}</span>
    </div>
  );
}

const count = (value: number) => (value < 1e6 ? String(value) : formatNumber(value));
