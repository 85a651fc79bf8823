interface Props {
  /** What it is a slider of. */
  name: string;
  steps: readonly number[];
  at: number;
  /** Steps that there are, of which `steps` may be some. */
  total: number;
  go: (at: number) => void;
}

/** Goes through the steps: with a pointer, the arrow keys, Home and End. */
export function Steps({ name, steps, at, total, go }: Props) {
  const last = steps.length - 1;
  const step = steps[at] ?? 0;
  if (last < 1) return <p class="nbt-steps nbt-muted nbt-number">step {step.toLocaleString()}</p>;
  return (
    <div class="nbt-steps">
      <button
        type="button"
        class="nbt-quiet"
        aria-label={`earlier step of ${name}`}
        disabled={at <= 0}
        onClick={() => go(at - 1)}
      >
        ◂
      </button>
      <input
        type="range"
        min={0}
        max={last}
        step={1}
        value={at}
        aria-label={`step of ${name}`}
        aria-valuetext={`step ${step}`}
        onInput={(event) => go(Number(event.currentTarget.value))}
      />
      <button
        type="button"
        class="nbt-quiet"
        aria-label={`later step of ${name}`}
        disabled={at >= last}
        onClick={() => go(at + 1)}
      >
        ▸
      </button>
      <span
        class="nbt-muted nbt-number"
        title={total > steps.length ? `${steps.length} of ${total} steps are shown` : undefined}
      >
        step {step.toLocaleString()} of {(steps[last] ?? 0).toLocaleString()}
      </span>
    </div>
  );
}
