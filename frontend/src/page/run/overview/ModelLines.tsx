import type { RunDetail } from "../../api";
import { Link } from "../../Link";
import { runUrl } from "../../router";
import type { RunState } from "../state";

/** The models that a run watched, a line for each. */
export function ModelLines({ state, detail }: { state: RunState; detail: RunDetail }) {
  if (!detail.models.length) return null;
  return (
    <section class="nbt-box" aria-label="Models">
      <h2>Models</h2>
      <ul class="nbt-lines">
        {detail.models.map((model) => (
          <li key={model.name}>
            <Link
              href={`${runUrl(state.store, state.run, "model")}?model=${encodeURIComponent(model.name)}`}
            >
              {model.name}
            </Link>{" "}
            <span class="nbt-muted">
              {model.type !== model.name && `${model.type} · `}
              {model.parameters.toLocaleString()} parameters
              {model.trainable !== model.parameters &&
                `, ${model.trainable.toLocaleString()} of them trained`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
