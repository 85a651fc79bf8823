import type { View } from "../view";
import { Chart } from "./Chart";

export function Charts({ view }: { view: View }) {
  const shown = view.shown.value;
  const more = view.groups.value.length - shown.length;
  if (!shown.length) return <p class="nbt-hint">no metric matches</p>;
  return (
    <>
      <div class="nbt-charts">
        {shown.map((group) => (
          <Chart key={group.title} view={view} group={group} />
        ))}
      </div>
      {more > 0 && (
        <button type="button" class="nbt-more" onClick={() => (view.all.value = true)}>
          show {more} more
        </button>
      )}
    </>
  );
}
