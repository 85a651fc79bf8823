import type { RunState } from "../state";
import { Alerts } from "./Alerts";
import { AttemptsTable } from "./AttemptsTable";
import { CodeFacts } from "./CodeFacts";
import { Editable } from "./Editable";
import { Facts } from "./Facts";
import { ModelLines } from "./ModelLines";
import { Parts } from "./Parts";
import { Tags } from "./Tags";
import { PostMortem, Raised } from "./Trouble";
import { Values } from "./Values";

/** What a run is, how it went, and what it was told. */
export function OverviewTab({ state }: { state: RunState }) {
  const detail = state.detail.value;
  if (!detail) return null;
  const editable = state.editable.value;
  const running = state.running.value;
  const seconds = running ? Date.now() / 1e3 - detail.started / 1e6 : detail.seconds;
  return (
    <div class="nbt-overview">
      {detail.damage.length > 0 && (
        <section class="nbt-error nbt-box-wide" aria-label="damage" role="alert">
          <p>
            <b>Some of this run cannot be read.</b> What is shown is the rest.
          </p>
          <ul>
            {detail.damage.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </section>
      )}
      {detail.exception && (
        <section class="nbt-box-wide" aria-label="exception">
          <Raised exception={detail.exception} open />
        </section>
      )}
      {detail.alerts.length > 0 && <Alerts alerts={detail.alerts} />}
      {detail.post_mortem && <PostMortem detail={detail} card={detail.post_mortem} />}
      <section class="nbt-box" aria-label="About">
        <h2>About</h2>
        <dl class="nbt-facts-list nbt-edits">
          <div>
            <dt>name</dt>
            <dd>
              <Editable
                name="name"
                value={detail.name}
                placeholder="a name"
                editable={editable}
                save={(name) => state.edit({ name })}
              />
            </dd>
          </div>
          <div>
            <dt>tags</dt>
            <dd>
              <Tags
                tags={detail.tags}
                editable={editable}
                save={(change) => state.edit({ tags: change(state.detail.peek()?.tags ?? []) })}
              />
            </dd>
          </div>
          <div>
            <dt>description</dt>
            <dd>
              <Editable
                name="description"
                value={detail.notes ?? ""}
                placeholder="what was this run for?"
                editable={editable}
                save={(notes) => state.edit({ notes: notes || null })}
                long
                mayBeEmpty
              />
            </dd>
          </div>
        </dl>
        <Facts detail={detail} seconds={seconds} />
      </section>
      <div class="nbt-column">
        <Values
          title="Summary"
          values={detail.summary}
          hint="no values yet: the last of each metric that is logged comes here"
        />
        <Values
          title="Config"
          values={detail.config}
          hint="no config: nbtrack.init(config={…}) keeps what a run was told"
        />
        <ModelLines state={state} detail={detail} />
        <CodeFacts state={state} detail={detail} />
      </div>
      <AttemptsTable detail={detail} />
      <Parts parts={detail.parts} />
    </div>
  );
}
