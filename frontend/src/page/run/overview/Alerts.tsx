import type { Alert } from "../../api";
import { dateTime } from "./Facts";

const CLASSES: Record<string, string> = { ERROR: "nbt-is-failed", WARN: "nbt-is-interrupted" };

/** What the run told whoever watches it, the newest first. */
export function Alerts({ alerts }: { alerts: readonly Alert[] }) {
  return (
    <section class="nbt-box nbt-box-wide" aria-label="Alerts">
      <h2>Alerts</h2>
      <ul class="nbt-alerts">
        {[...alerts].reverse().map((alert) => (
          <li key={`${alert.time} ${alert.title}`}>
            <b class={CLASSES[alert.level]}>{alert.level}</b> <b>{alert.title}</b>{" "}
            <span class="nbt-muted">
              {dateTime(alert.time)}
              {alert.attempt > 0 && ` · attempt ${alert.attempt}`}
            </span>
            {alert.text && <div class="nbt-alert-text">{alert.text}</div>}
          </li>
        ))}
      </ul>
    </section>
  );
}
