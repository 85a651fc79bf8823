import type { Figure } from "../../../components/plot";
import { formatNumber } from "../../../model/format";

/** Has the browser keep something as a file. */
export function keepAs(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name.replace(/[^\w.+-]+/g, "_");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A text as a field: quoted where it must be, and never a formula of a spreadsheet. */
const field = (text: string) => {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** What a chart draws now, a line for each point. */
export function csvOf(figure: Figure, across: string): string {
  const rows = [["attempt", "curve", across, "value"].map(field).join(",")];
  for (const trace of figure.traces()) {
    if (trace.faint) continue;
    trace.x.forEach((x, at) => {
      const y = trace.y[at];
      if (y === undefined) return;
      rows.push(
        [String(trace.attempt), field(trace.name), String(x), y === null ? "" : String(y)].join(
          ",",
        ),
      );
    });
  }
  return `${rows.join("\n")}\n`;
}

/** A chart's picture with its title and legend, as it looks now. */
export async function pngOf(chart: Element, title: string): Promise<Blob | null> {
  const drawn = chart.querySelector("canvas");
  if (!drawn) return null;
  const scale = drawn.width / (drawn.clientWidth || drawn.width);
  const [top, bottom] = [28 * scale, 26 * scale];
  const canvas = document.createElement("canvas");
  canvas.width = drawn.width;
  canvas.height = drawn.height + top + bottom;
  const context = canvas.getContext("2d");
  if (!context) return null;
  const styles = getComputedStyle(chart);
  const colour = (name: string) => styles.getPropertyValue(`--nbt-${name}`).trim();
  context.fillStyle = colour("ground") || "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(drawn, 0, top);
  context.fillStyle = colour("text") || "#000";
  context.font = `600 ${13 * scale}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  context.fillText(title, 8 * scale, top / 2, canvas.width - 16 * scale);
  context.font = `${11 * scale}px system-ui, sans-serif`;
  let left = 8 * scale;
  const middle = top + drawn.height + bottom / 2;
  for (const reading of chart.querySelectorAll(".nbt-legend > span")) {
    const swatch = reading.querySelector("i");
    const text = reading.textContent ?? "";
    if (swatch) {
      context.fillStyle = getComputedStyle(swatch).backgroundColor;
      context.fillRect(left, middle - 1.5 * scale, 10 * scale, 3 * scale);
      left += 14 * scale;
    }
    context.fillStyle = colour("text") || "#000";
    context.fillText(text, left, middle);
    left += context.measureText(text).width + 14 * scale;
  }
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

export const shortNumber = (value: number | null | undefined) =>
  value === null || value === undefined ? "" : formatNumber(value, 6);
