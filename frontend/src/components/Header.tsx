import { formatDuration, formatNumber } from "../model/format";
import type { RunModel } from "../model/run";
import type { View } from "../view";
import type { AttemptCard, Card } from "../wire";
import { StateIcon } from "./StateIcon";
import { useSeconds } from "./useSeconds";

/** Seconds of silence of a kernel that is worth a word. */
const SILENCE = 3;

export function Header({ view, card }: { view: View; card: Card }) {
  const attempt = card.attempts.at(-1);
  const alert = card.alerts.at(-1);
  const state = card.state === "running" && attempt ? attempt.state : card.state;
  useSeconds(card.state === "running");
  // What was raised is shown below.
  const reason = card.state === "running" || card.error ? "" : card.reason;
  return (
    <header class="nbt-head">
      <span class={`nbt-state nbt-is-${state}`} role="status">
        <StateIcon state={state} />
        {state}
      </span>
      {view.model.page.value ? (
        <a class="nbt-name" href={view.model.page.value} target="_blank" title="the run's page">
          {card.name}
        </a>
      ) : (
        <strong class="nbt-name">{card.name}</strong>
      )}
      {attempt && <span class="nbt-muted nbt-cut">{describe(attempt)}</span>}
      <span class="nbt-facts">
        {attempt && <Fact name="elapsed">{formatDuration(elapsed(view.model, card, attempt))}</Fact>}
        {card.rate !== null && <Fact name="rows/s">{formatNumber(card.rate, 2)}</Fact>}
        {card.position !== null && (
          <span class="nbt-fact">
            line <b>{card.position}</b>
          </span>
        )}
        {card.dropped > 0 && <Fact name="rows dropped">{card.dropped}</Fact>}
        {card.left_out > 0 && <Fact name="metrics not drawn">{card.left_out}</Fact>}
      </span>
      {reason && <p class="nbt-reason">{reason}</p>}
      {alert && (
        <p class="nbt-reason" role="alert">
          {alert.level}: {alert.title}
        </p>
      )}
      <KernelWord model={view.model} card={card} />
    </header>
  );
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <span class="nbt-fact">
      <b>{children}</b> {name}
    </span>
  );
}

function describe(attempt: AttemptCard): string {
  const words = [attempt.name ?? `attempt ${attempt.n}`];
  if (attempt.cell_try > 1) words.push(`try ${attempt.cell_try}`);
  words.push(attempt.label);
  return words.join(" · ");
}

function elapsed(model: RunModel, card: Card, attempt: AttemptCard): number {
  if (attempt.ended !== null) return (attempt.ended - attempt.started) / 1e6;
  if (card.ended !== null) return (card.ended - attempt.started) / 1e6;
  // The recorder's clock, and the page's for what came after it.
  const since = card.state === "running" ? (performance.now() - model.updatedAt) / 1e3 : 0;
  return (card.time - attempt.started) / 1e6 + since;
}

/** Says plainly that what is seen comes from the disk, and why. */
function KernelWord({ model, card }: { model: RunModel; card: Card }) {
  const word = model.kernel.value;
  const silence = (performance.now() - model.heardAt) / 1e3;
  if (!word || silence < SILENCE) return null;
  const works = card.state === "running" && card.attempts.at(-1)?.state === "running";
  const text = kernelText(word, works, silence);
  return text ? <p class="nbt-kernel">{text}</p> : null;
}

/**
 * What is said of a kernel that the server calls `word`. It takes one for idle that is busy, where
 * other threads of it answer.
 */
export function kernelText(word: string, works: boolean, silence: number): string {
  if (word === "gone" || word === "dead") {
    return "the kernel is gone: this is what the run left on disk";
  }
  if (!works) return "";
  const since = Number.isFinite(silence) ? ` for ${formatDuration(silence)}` : "";
  const state = word === "busy" || word === "idle" ? "busy" : word;
  return `the kernel is ${state} and says nothing${since}: this is read from disk`;
}
