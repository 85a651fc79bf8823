import type { View } from "../view";
import { Attempts } from "./Attempts";
import { Charts } from "./Charts";
import { Console } from "./Console";
import { ErrorBox } from "./ErrorBox";
import { Header } from "./Header";
import { ProgressBar } from "./ProgressBar";
import { System } from "./System";
import { Toolbar } from "./Toolbar";

/** All of a run. */
export function App({ view, host }: { view: View; host: Element }) {
  const card = view.model.card.value;
  if (!card) return <p class="nbt-hint">waiting for the first word of the run …</p>;
  return (
    <>
      <Header view={view} card={card} />
      {card.progress && !card.progress.closed && <ProgressBar progress={card.progress} />}
      {card.error && <ErrorBox error={card.error} focus={view.focus.value} host={host} />}
      <Attempts view={view} />
      {view.model.keys.value.length ? (
        <>
          <Toolbar view={view} />
          <Charts view={view} />
        </>
      ) : (
        <p class="nbt-hint">
          no metrics yet: <code>nbtrack.log({"{"}"loss": loss{"}"})</code> draws the first
        </p>
      )}
      <System model={view.model} />
      {card.console.length > 0 && <Console lines={card.console} />}
    </>
  );
}
