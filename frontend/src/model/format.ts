/** A number of four significant digits at most: `0.1234`, `12.35k`, `1.20e-5`. */
export function formatNumber(value: number, digits = 4): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size && (size < 1e-3 || size >= 1e15)) return value.toExponential(2);
  for (const [scale, unit] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
  ] as const) {
    if (size >= scale) return `${trim(value / scale, digits)}${unit}`;
  }
  return size >= 1e4 ? `${trim(value / 1e3, digits)}k` : trim(value, digits);
}

const trim = (value: number, digits: number) => String(Number(value.toPrecision(digits)));

/** Seconds as `3.2 s`, `4 min 10 s`, `2 h 5 min`. */
export function formatDuration(seconds: number): string {
  const value = Math.max(0, seconds);
  if (value < 10) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

const SIZES = [
  [2 ** 40, "TiB"],
  [2 ** 30, "GiB"],
  [2 ** 20, "MiB"],
  [2 ** 10, "KiB"],
] as const;

/** Bytes as `3.2 GiB`, or of how many: `3.2 / 16 GiB`, `60 MiB / 16 GiB`. */
export function formatBytes(part: number, whole = 0): string {
  const [scale, unit] = SIZES.find(([size]) => part >= size) ?? [1, "B"];
  const text = trim(part / scale, 3);
  if (!whole) return `${text} ${unit}`;
  const [wholeScale, wholeUnit] = SIZES.find(([size]) => whole >= size) ?? [1, "B"];
  const of = `${trim(whole / wholeScale, 3)} ${wholeUnit}`;
  return unit === wholeUnit ? `${text} / ${of}` : `${text} ${unit} / ${of}`;
}
