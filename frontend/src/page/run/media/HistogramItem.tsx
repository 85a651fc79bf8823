import { signal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";

import { FigureChart } from "../../../components/Chart";
import { barsOf, HeatFigure, histogramsOf } from "./histogram";
import { captionOf, type Moment } from "./media";
import type { MediaPlace } from "./place";

interface Props {
  place: MediaPlace;
  title: string;
  moments: readonly Moment[];
  at: number;
}

/** Histograms over the steps, and the one that is looked at. */
export function HistogramItem({ place, title, moments, at }: Props) {
  const histograms = useMemo(() => histogramsOf(moments), [moments]);
  const step = moments[at]?.step;
  const one = histograms.find((each) => each.step === step);
  const looked = useRef(signal(0)).current;
  looked.value = one ? histograms.indexOf(one) : 0;
  const charts = place.charts.value;
  const heat = useMemo(
    () => new HeatFigure(charts, histograms, () => looked.value),
    [charts, histograms],
  );
  const own = useMemo(
    () => ({ id: `nbtrack-bars-${title}`, zoom: signal(null), theme: charts.theme }),
    [title, charts],
  );
  const bars = useMemo(() => one && barsOf(own, one), [one, own]);
  if (!histograms.length) return <p class="nbt-muted">no values</p>;
  const entry = moments[at]?.entries[0];
  const caption = entry ? captionOf(entry) : "";
  const left = entry?.info.not_finite;
  return (
    <>
      {histograms.length > 1 && <FigureChart figure={heat} title="over the steps" />}
      {bars && <FigureChart figure={bars} title={`at step ${step}`} />}
      {typeof left === "number" && (
        <p class="nbt-muted">{left.toLocaleString()} values are not finite</p>
      )}
      {caption && <p class="nbt-caption">{caption}</p>}
    </>
  );
}
