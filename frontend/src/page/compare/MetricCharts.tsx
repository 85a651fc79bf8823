import { useEffect, useMemo, useState } from "preact/hooks";

import { FigureChart } from "../../components/Chart";
import { Toolbar } from "../../components/Toolbar";
import { rank } from "../../model/groups";
import type { Comparison } from "./comparison";
import { CompareFigure } from "./figure";
import type { CompareView } from "./view";

const FEW_CHARTS = 60;

interface Props {
  comparison: Comparison;
  view: CompareView;
}

/** A chart for each metric that any of the runs has. */
export function MetricCharts({ comparison, view }: Props) {
  const [all, setAll] = useState(false);
  const pattern = view.pattern.value;
  const keys = comparison.keys.value;
  const found = keys.filter((key) => pattern.test(key)).sort((a, b) => rank(a) - rank(b));
  const shown = all ? found : found.slice(0, FEW_CHARTS);
  useEffect(() => view.connect(), [view]);
  return (
    <>
      <Toolbar view={view}>
        <select
          class="nbt-field"
          aria-label="a metric across"
          title="a metric across"
          value={view.metric.value}
          onChange={(event) => view.setMetric(event.currentTarget.value)}
        >
          <option value="">x: metric …</option>
          {keys.map((key) => (
            <option key={key} value={key}>
              {key}
            </option>
          ))}
        </select>
      </Toolbar>
      {!keys.length && <p class="nbt-hint">these runs have logged no metrics</p>}
      {keys.length > 0 && !found.length && <p class="nbt-hint">no metric matches</p>}
      <div class="nbt-charts nbt-charts-compared">
        {shown.map((key) => (
          <MetricChart key={key} comparison={comparison} view={view} metric={key} />
        ))}
      </div>
      {found.length > shown.length && (
        <button type="button" class="nbt-more" onClick={() => setAll(true)}>
          show {found.length - shown.length} more
        </button>
      )}
    </>
  );
}

function MetricChart({ comparison, view, metric }: Props & { metric: string }) {
  const figure = useMemo(
    () => new CompareFigure(comparison, view, metric),
    [comparison, view, metric],
  );
  const having = comparison.runs.value.filter(({ keys }) => keys.includes(metric)).length;
  const every = having === comparison.runs.value.length;
  return (
    <FigureChart figure={figure} title={metric}>
      {figure.word.value && <span class="nbt-muted nbt-cut">{figure.word.value}</span>}
      {!every && <span class="nbt-muted">{having} runs</span>}
    </FigureChart>
  );
}
