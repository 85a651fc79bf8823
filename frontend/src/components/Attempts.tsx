import type { View } from "../view";
import type { AttemptCard } from "../wire";
import { StateIcon } from "./StateIcon";

/** Which attempts are drawn. Not shown while there is but one. */
export function Attempts({ view }: { view: View }) {
  const attempts = view.attempts.value;
  if (attempts.length < 2) return null;
  return (
    <div class="nbt-attempts" role="group" aria-label="attempts">
      {attempts.map((attempt, at) => (
        <Chip key={attempt.n} view={view} attempt={attempt} at={at} />
      ))}
    </div>
  );
}

function Chip({ view, attempt, at }: { view: View; attempt: AttemptCard; at: number }) {
  const config = Object.entries(attempt.config)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
  const name = `${attempt.name ?? `#${attempt.n}`} ${attempt.label}`;
  return (
    <button
      type="button"
      class="nbt-chip"
      aria-pressed={view.isVisible(attempt)}
      title={[name, attempt.state, config, ...attempt.tags].filter(Boolean).join(" · ")}
      onClick={() => view.toggle(attempt)}
    >
      <i class={at === 0 ? "nbt-swatch" : "nbt-swatch nbt-swatch-older"} data-line={at % 8} />
      <span class={`nbt-is-${attempt.state}`}>
        <StateIcon state={attempt.state} />
      </span>
      <span class="nbt-chip-name nbt-cut">{name}</span>
      {config && <span class="nbt-muted nbt-cut">{config}</span>}
    </button>
  );
}
